package h1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// transcript is what a server sends after a request, and ends the conn; and
// what the caller gets.
type transcript struct {
	name, method, sent string
	want               string // "status body" and, if they are there, trailers; or what an error says
	kept               bool   // the conn can be used again
}

const ok = "HTTP/1.1 200 OK\r\n"

var transcripts = []transcript{
	{"length", "GET", ok + "Content-Length: 5\r\n\r\nhello", "200 hello", true},
	{"length 0", "GET", ok + "Content-Length: 0\r\n\r\n", "200 ", true},
	{"the same length twice", "GET", ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nab", "200 ab", true},
	{"no reason", "GET", "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n", "299 ", true},
	{"no reason and no space", "GET", "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n", "299 ", true},
	{"newer minor version", "GET", "HTTP/1.7 200 OK\r\nContent-Length: 0\r\n\r\n", "200 ", true},
	{"HTTP/1.0 keep-alive", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", "200 a", true},
	{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 a", false},
	{"close", "GET", ok + "Connection: x, Close\r\nContent-Length: 1\r\n\r\na", "200 a", false},
	{"until the end", "GET", ok + "\r\nall of it", "200 all of it", false},
	{"until an end at once", "GET", ok + "\r\n", "200 ", false},
	{"chunks", "GET", ok + "transfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n00A;x=\"y\" \r\n0123456789\r\n0\r\n\r\n", "200 abc0123456789", true},
	{"trailer", "GET", ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n", "200 a X-Sum=1 Y=2", true},
	{"trailer that does not come", "GET", ok + "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n0\r\n\r\n", "200  X-Sum=", true},
	{"HEAD", "HEAD", ok + "Content-Length: 5\r\n\r\n", "200 ", true},
	{"HEAD of chunks", "HEAD", ok + "Transfer-Encoding: chunked\r\n\r\n", "200 ", true},
	{"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 ", true},
	{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 ", true},
	{"204 with a body", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", "204 ", false},
	{"heads before the final one", "GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + ok + "Content-Length: 1\r\n\r\na", "200 a", true},
	{"bytes behind", "GET", ok + "Content-Length: 1\r\n\r\na" + ok, "200 a", false},
	{"odd names and values", "GET", ok + "!#$%&'*+-.^_`|~1:\r\nX: \t\xe4 y \t\r\nContent-Length:0\r\n\r\n", "200 ", true},

	{"length cut short", "GET", ok + "Content-Length: 5\r\n\r\nhell", "unexpected EOF", false},
	{"chunk cut short", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhell", "unexpected EOF", false},
	{"no last chunk", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "unexpected EOF", false},
	{"no end of the trailer", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n", "unexpected EOF", false},
	{"nothing", "GET", "", "unexpected EOF", false},
	{"half a head", "GET", ok + "X: y\r\n", "unexpected EOF", false},
	{"another protocol", "GET", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "no status line", false},
	{"HTTP/2", "GET", "HTTP/2.0 200 OK\r\n\r\n", "no status line", false},
	{"empty line first", "GET", "\r\n" + ok + "\r\n", "no status line", false},
	{"short status", "GET", "HTTP/1.1 20 OK\r\n\r\n", "no status line", false},
	{"long status", "GET", "HTTP/1.1 2000\r\n\r\n", "no status line", false},
	{"status below 100", "GET", "HTTP/1.1 099 x\r\n\r\n", "no status line", false},
	{"control character in the reason", "GET", "HTTP/1.1 200 \x00\r\n\r\n", "no status line", false},
	{"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "does not end in CRLF", false},
	{"bare LF between fields", "GET", ok + "A: b\nContent-Length: 0\r\n\r\n", "does not end in CRLF", false},
	{"bare CR", "GET", ok + "A: b\rContent-Length: 0\r\n\r\n", "control characters", false},
	{"folded", "GET", ok + "A: b\r\n c\r\n\r\n", "white space", false},
	{"space before the colon", "GET", ok + "Content-Length : 0\r\n\r\n", "not a token", false},
	{"no colon", "GET", ok + "Content-Length\r\n\r\n", "not a token", false},
	{"no name", "GET", ok + ": x\r\n\r\n", "not a token", false},
	{"lengths that differ", "GET", ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "that differ", false},
	{"list of lengths", "GET", ok + "Content-Length: 1, 1\r\n\r\na", "not one decimal", false},
	{"signed length", "GET", ok + "Content-Length: +1\r\n\r\na", "not one decimal", false},
	{"empty length", "GET", ok + "Content-Length:\r\n\r\n", "not one decimal", false},
	{"huge length", "GET", ok + "Content-Length: 9223372036854775808\r\n\r\n", "not one decimal", false},
	{"length and coding", "GET", ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "both Content-Length", false},
	{"coding of HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "in HTTP/1.0", false},
	{"two codings", "GET", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "other than chunked", false},
	{"chunked twice", "GET", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "other than chunked", false},
	{"unknown coding", "GET", ok + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", "control characters", false},
	{"no chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", "chunk size", false},
	{"chunk size of 64 bits", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\n", "chunk size", false},
	{"0x before a chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", "extension", false},
	{"chunk that is longer", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "followed by CRLF", false},
	{"bare LF after a chunk size", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", "end in CRLF", false},
	{"trailer that frames", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n", "that frames", false},
	{"announced trailer that frames", "GET", ok + "Transfer-Encoding: chunked\r\nTrailer: Transfer-Encoding\r\n\r\n0\r\n\r\n", "that frames", false},
	{"unasked change of protocol", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "unasked", false},
	{"too many heads", "GET", strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", maxHeads), "too many heads", false},
	{"head without end", "GET", ok + "X: " + strings.Repeat("y", 64<<10), "too long", false},
	{"chunk line without end", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("y", 64<<10), "too long", false},
	{"extensions without end", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1;"+strings.Repeat("y", 1000)+"\r\na\r\n", 5), "than anybody needs", false},
}

// TestAnswers: each answer is understood the same however its bytes come.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, tr := range transcripts {
		for _, size := range []int{1, 7, 1 << 20} {
			if size == 1 && len(tr.sent) > 4<<10 || tr.name == "bytes behind" && size < len(tr.sent) {
				continue // nothing new, and slow; or when they come is not ours to say
			}
			t.Run(fmt.Sprintf("%s in pieces of %d", tr.name, size), func(t *testing.T) {
				t.Parallel()
				tr.check(t, size)
			})
		}
	}
}

func (tr *transcript) check(t *testing.T, size int) {
	addr, _ := serve(t, func(p *peer, _ int) {
		_, _ = p.request()
		_ = p.SetNoDelay(true)
		for rest := tr.sent; rest != ""; {
			n := min(size, len(rest))
			p.say(rest[:n])
			rest = rest[n:]
		}
		_ = p.CloseWrite()
		_, _ = io.Copy(io.Discard, p) // until the carrier has seen all: no reset
	})
	c := carrier(t)
	res, text, err := carry(c, load(t, tr.method, addr, ""))
	looked := c.unused() == 1
	if err != nil {
		if tr.want == "" || !strings.Contains(err.Error(), tr.want) || looked {
			t.Fatalf("%v, kept %v; want %q", err, looked, tr.want)
		}
		return
	}
	got := fmt.Sprintf("%d %s", res.StatusCode, text)
	for _, name := range []string{"X-Sum", "Y"} {
		if v, there := res.Trailer[name]; there {
			got += " " + name + "=" + strings.Join(v, ",")
		}
	}
	if got != tr.want {
		t.Fatalf("%q, want %q", got, tr.want)
	}
	if looked != tr.kept {
		t.Errorf("kept %v, want %v", looked, tr.kept)
	}
}

// FuzzHead: it never panics; and what it takes, net/http takes too, and reads
// the same. Ours may refuse more.
func FuzzHead(f *testing.F) {
	for _, tr := range transcripts {
		if len(tr.sent) < 4<<10 {
			f.Add(tr.sent, tr.method == "HEAD")
		}
	}
	f.Add("HTTP/1.0 100\r\nTrAiler:0\r\n\r\n", false)
	f.Fuzz(func(t *testing.T, text string, isHead bool) {
		method := http.MethodGet
		if isHead {
			method = http.MethodHead
		}
		end, err := endOfHead([]byte(text), 0)
		if err != nil || end == 0 {
			return
		}
		h, err := parseHead([]byte(text[:end]), method, nil)
		if err != nil {
			var bad *Malformed
			if !errors.As(err, &bad) {
				t.Fatalf("%q: %v is no *Malformed", text, err)
			}
			return
		}
		theirs, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%q: ours takes it, net/http says %v", text, err)
		}
		compare(t, text, &h, theirs)
	})
}

func compare(t *testing.T, text string, h *head, theirs *http.Response) {
	if h.status != theirs.StatusCode || h.last != theirs.Close && !h.none {
		t.Fatalf("%q: status %d, last %v; net/http %d, %v", text, h.status, h.last, theirs.StatusCode, theirs.Close)
	}
	length := h.length
	if h.chunked {
		length = -1
	}
	bare := h.none && (h.status < 200 || h.status == 204 || h.status == 304)
	if length != theirs.ContentLength && !bare {
		t.Fatalf("%q: length %d, net/http %d", text, length, theirs.ContentLength)
	}
	if none := theirs.Body == http.NoBody; none != h.none {
		t.Fatalf("%q: no body %v, net/http %v", text, h.none, none)
	}
	for name, values := range theirs.Header {
		switch name {
		case "Connection", "Content-Length", "Trailer": // net/http takes these away, or not, as it pleases
			continue
		case "Cache-Control": // it makes one of Pragma
			if h.fields[name] == nil {
				continue
			}
		}
		if fmt.Sprint(h.fields[name]) != fmt.Sprint(values) {
			t.Fatalf("%q: %s is %q, net/http %q", text, name, h.fields[name], values)
		}
	}
}
