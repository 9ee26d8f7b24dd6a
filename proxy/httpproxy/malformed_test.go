package httpproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// message is what a client may send over a raw socket, and the status it
// deserves. Sections are of RFC 9112 where no other is named.
type message struct {
	name, section string
	want          int
	text          string
}

// h is a head with the fields given; Host is there.
func h(start string, fields ...string) string {
	return start + "\r\nHost: a\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n"
}

func post(fields ...string) string { return h("POST / HTTP/1.1", fields...) }

const te = "Transfer-Encoding: chunked"

var messages = []message{
	// Well-formed, however odd: none of them may be refused.
	{"plain", "2.1", 200, h("GET / HTTP/1.1")},
	{"HTTP/1.0 without Host", "3.2", 200, "GET / HTTP/1.0\r\n\r\n"},
	{"minor version that is newer", "2.3", 200, h("GET / HTTP/1.9")},
	{"one empty line before", "2.2", 200, "\r\n" + h("GET / HTTP/1.1")},
	{"absolute form", "3.2.2", 200, h("GET http://b/x HTTP/1.1")},
	{"asterisk form", "3.2.4", 200, h("OPTIONS * HTTP/1.1")},
	{"method of its own", "3.1", 200, h("M-SEARCH~!# / HTTP/1.1")},
	{"lower case method", "3.1", 200, h("get / HTTP/1.1")},
	{"no white space after the colon", "5.1", 200, h("GET / HTTP/1.1", "X:y")},
	{"white space around a value", "5.1", 200, h("GET / HTTP/1.1", "X:  \t y \t ")},
	{"empty value", "5.1", 200, h("GET / HTTP/1.1", "X:")},
	{"odd field name", "RFC 9110, 5.6.2", 200, h("GET / HTTP/1.1", "!#$%&'*+-.^_`|~1: y")},
	{"obs-text in a value", "RFC 9110, 5.5", 200, h("GET / HTTP/1.1", "X: \xe4\xff")},
	{"empty Host", "3.2", 200, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
	{"Content-Length", "6.2", 200, post("Content-Length: 3") + "abc"},
	{"Content-Length 0", "6.2", 200, post("Content-Length: 0")},
	{"Content-Length with zeros before it", "RFC 9110, 8.6", 200, post("Content-Length: 003") + "abc"},
	{"Content-Length, white space around it", "5.1", 200, post("content-length: \t3 ") + "abc"},
	{"body of a GET", "6", 200, h("GET / HTTP/1.1", "Content-Length: 3") + "abc"},
	{"chunked", "7.1", 200, post(te) + "3\r\nabc\r\n0\r\n\r\n"},
	{"Chunked in capitals", "7", 200, post("TRANSFER-ENCODING: CHUNKED") + "3\r\nabc\r\n0\r\n\r\n"},
	{"chunk size in capitals, zeros before it", "7.1", 200, post(te) + "00A\r\n0123456789\r\n000\r\n\r\n"},
	{"chunk extension", "7.1.1", 200, post(te) + "3;a;b=c ; d = \"e\\\"\t;f\"\r\nabc\r\n0;x\r\n\r\n"},
	{"white space before an extension", "7.1.1", 200, post(te) + "3 ;a\r\nabc\r\n0\r\n\r\n"},
	{"trailer", "7.1.2", 200, post(te) + "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"},
	{"chunks with CRLF in them", "7.1", 200, post(te) + "4\r\n\r\n\r\n\r\n0\r\n\r\n"},

	// The request line.
	{"nothing but a line", "3", 400, "hello\r\n\r\n"},
	{"HTTP/0.9", "2.3", 400, "GET /\r\n\r\n"},
	{"two empty lines before", "2.2", 400, "\r\n\r\n" + h("GET / HTTP/1.1")},
	{"white space before the method", "2.2", 400, " " + h("GET / HTTP/1.1")},
	{"two spaces after the method", "3", 400, h("GET  / HTTP/1.1")},
	{"two spaces after the target", "3", 400, h("GET /  HTTP/1.1")},
	{"tab after the method", "3", 400, h("GET\t/ HTTP/1.1")},
	{"space at the end of the line", "3", 400, h("GET / HTTP/1.1 ")},
	{"space in the target", "3.2", 400, h("GET /a b HTTP/1.1")},
	{"no target", "3.2", 400, h("GET  HTTP/1.1")},
	{"fragment in the target", "3.2", 400, h("GET /a#b HTTP/1.1")},
	{"raw bytes in the target", "3.2", 400, h("GET /\xc3\xa4 HTTP/1.1")},
	{"NUL in the target", "3.2", 400, h("GET /\x00 HTTP/1.1")},
	{"target without a slash", "3.2", 400, h("GET a HTTP/1.1")},
	{"method that is no token", "3.1", 400, h("GE(T / HTTP/1.1")},
	{"method with NUL", "3.1", 400, h("GE\x00T / HTTP/1.1")},
	{"lower case HTTP", "2.3", 400, h("GET / http/1.1")},
	{"version without minor", "2.3", 400, h("GET / HTTP/1")},
	{"version of two digits", "2.3", 400, h("GET / HTTP/1.10")},
	{"version that is newer", "2.3", 400, h("GET / HTTP/2.0")},
	{"version with a plus", "2.3", 400, h("GET / HTTP/+1.1")},
	{"HTTP/2's preface where it is not spoken", "RFC 9113, 3.4", 400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},

	// Ends of lines.
	{"bare LF after the request line", "2.2", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
	{"bare LF after a field", "2.2", 400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"},
	{"bare LF at the end of the head", "2.2", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
	{"bare CR in a value", "2.2", 400, h("GET / HTTP/1.1", "X: a\rb")},
	{"bare CR after the request line", "2.2", 400, "GET / HTTP/1.1\rHost: a\r\n\r\n"},
	{"CR CR LF", "2.2", 400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"},
	{"bare LF in front", "2.2", 400, "\n" + h("GET / HTTP/1.1")},

	// Fields.
	{"space before the colon", "5.1", 400, h("GET / HTTP/1.1", "X : y")},
	{"tab before the colon", "5.1", 400, h("GET / HTTP/1.1", "X\t: y")},
	{"space before the colon of Content-Length", "5.1", 400, post("Content-Length : 3") + "abc"},
	{"space before the colon of Transfer-Encoding", "5.1", 400, post("Transfer-Encoding : chunked") + "0\r\n\r\n"},
	{"folded field", "5.2", 400, h("GET / HTTP/1.1", "X: a", " b")},
	{"folded with a tab", "5.2", 400, h("GET / HTTP/1.1", "X: a", "\tb")},
	{"folded Transfer-Encoding", "5.2", 400, post("Transfer-Encoding:", " chunked") + "0\r\n\r\n"},
	{"white space before the first field", "2.2", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
	{"line without a colon", "5", 400, h("GET / HTTP/1.1", "X")},
	{"no name", "5.1", 400, h("GET / HTTP/1.1", ": y")},
	{"name that is no token", "5.1", 400, h("GET / HTTP/1.1", "X(: y")},
	{"name with a raw byte", "5.1", 400, h("GET / HTTP/1.1", "X\xe4: y")},
	{"NUL in a name", "5.1", 400, h("GET / HTTP/1.1", "X\x00: y")},
	{"NUL in a value", "RFC 9110, 5.5", 400, h("GET / HTTP/1.1", "X: a\x00b")},
	{"DEL in a value", "RFC 9110, 5.5", 400, h("GET / HTTP/1.1", "X: a\x7fb")},
	{"vertical tab in a value", "RFC 9110, 5.5", 400, h("GET / HTTP/1.1", "X: a\x0bb")},

	// Host.
	{"no Host", "3.2", 400, "GET / HTTP/1.1\r\n\r\n"},
	{"two Hosts", "3.2", 400, h("GET / HTTP/1.1", "Host: b")},
	{"the same Host twice", "3.2", 400, h("GET / HTTP/1.1", "Host: a")},
	{"Host that is no host", "3.2", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
	{"Host with a path", "3.2", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
	{"Host with a user", "3.2", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},

	// Content-Length.
	{"two lengths that differ", "6.3", 400, post("Content-Length: 3", "Content-Length: 4") + "abcd"},
	{"two lengths that agree", "6.3", 400, post("Content-Length: 3", "Content-Length: 3") + "abc"},
	{"list of lengths", "6.3", 400, post("Content-Length: 3, 3") + "abc"},
	{"length with a plus", "6.3", 400, post("Content-Length: +3") + "abc"},
	{"negative length", "6.3", 400, post("Content-Length: -3") + "abc"},
	{"length in hexadecimal", "6.3", 400, post("Content-Length: 0x3") + "abc"},
	{"length with a letter", "6.3", 400, post("Content-Length: 3a") + "abc"},
	{"length with a point", "6.3", 400, post("Content-Length: 3.0") + "abc"},
	{"length with a space in it", "6.3", 400, post("Content-Length: 1 2") + "abc"},
	{"length with an underscore", "6.3", 400, post("Content-Length: 1_0") + "abc"},
	{"empty length", "6.3", 400, post("Content-Length: ") + "abc"},
	{"length of 2^63", "6.3", 400, post("Content-Length: 9223372036854775808") + "abc"},
	{"length of 2^64 + 3", "6.3", 400, post("Content-Length: 18446744073709551619") + "abc"},
	{"length of a hundred digits", "6.3", 400, post("Content-Length: "+strings.Repeat("1", 100)) + "abc"},
	{"length with a vertical tab", "5.5", 400, post("Content-Length: \x0b3") + "abc"},

	// Transfer-Encoding.
	{"length and coding", "6.1", 400, post("Content-Length: 3", te) + "0\r\n\r\n"},
	{"coding and length", "6.1", 400, post(te, "Content-Length: 3") + "0\r\n\r\n"},
	{"coding and length 0", "6.1", 400, post(te, "Content-Length: 0") + "0\r\n\r\n"},
	{"coding in HTTP/1.0", "6.1", 400, h("POST / HTTP/1.0", te) + "0\r\n\r\n"},
	{"two codings", "6.1", 400, post(te, te) + "0\r\n\r\n"},
	{"chunked twice", "6.1", 400, post("Transfer-Encoding: chunked, chunked") + "0\r\n\r\n"},
	{"chunked not last", "6.3", 400, post("Transfer-Encoding: chunked, gzip") + "0\r\n\r\n"},
	{"coding without chunked", "6.3", 400, post("Transfer-Encoding: gzip") + "0\r\n\r\n"},
	{"identity", "6.3", 400, post("Transfer-Encoding: identity") + "0\r\n\r\n"},
	{"empty coding", "6.3", 400, post("Transfer-Encoding:") + "0\r\n\r\n"},
	{"xchunked", "6.3", 400, post("Transfer-Encoding: xchunked") + "0\r\n\r\n"},
	{"chunked in quotes", "6.3", 400, post(`Transfer-Encoding: "chunked"`) + "0\r\n\r\n"},
	{"chunked with a parameter", "7", 400, post("Transfer-Encoding: chunked;a=b") + "0\r\n\r\n"},
	{"chunked with a vertical tab", "5.5", 400, post("Transfer-Encoding: \x0bchunked") + "0\r\n\r\n"},
	{"chunked and a comma", "6.3", 400, post("Transfer-Encoding: chunked,") + "0\r\n\r\n"},
	{"coding that is not known, before chunked", "6.1", 501, post("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n"},

	// Chunks.
	{"no chunk size", "7.1", 400, post(te) + "\r\nabc\r\n0\r\n\r\n"},
	{"chunk size that is none", "7.1", 400, post(te) + "xyz\r\nabc\r\n0\r\n\r\n"},
	{"chunk size with 0x", "7.1", 400, post(te) + "0x3\r\nabc\r\n0\r\n\r\n"},
	{"chunk size with a plus", "7.1", 400, post(te) + "+3\r\nabc\r\n0\r\n\r\n"},
	{"negative chunk size", "7.1", 400, post(te) + "-3\r\nabc\r\n0\r\n\r\n"},
	{"chunk size with an underscore", "7.1", 400, post(te) + "1_0\r\nabc\r\n0\r\n\r\n"},
	{"space before a chunk size", "7.1", 400, post(te) + " 3\r\nabc\r\n0\r\n\r\n"},
	{"space after a chunk size", "7.1", 400, post(te) + "3 \r\nabc\r\n0\r\n\r\n"},
	{"chunk size of 2^64 + 3", "7.1", 400, post(te) + "10000000000000003\r\nabc\r\n0\r\n\r\n"},
	{"bare LF after a chunk size", "7.1", 400, post(te) + "3\nabc\r\n0\r\n\r\n"},
	{"bare CR after a chunk size", "7.1", 400, post(te) + "3\rXabc\r\n0\r\n\r\n"},
	{"bare LF after a chunk", "7.1", 400, post(te) + "3\r\nabc\n0\r\n\r\n"},
	{"chunk longer than its size", "7.1", 400, post(te) + "3\r\nabcd\r\n0\r\n\r\n"},
	{"chunk shorter than its size", "7.1", 400, post(te) + "4\r\nabc\r\n0\r\n\r\n"},
	{"extension without a name", "7.1.1", 400, post(te) + "3;\r\nabc\r\n0\r\n\r\n"},
	{"extension with bare LF", "7.1.1", 400, post(te) + "3;a\nabc\r\n0\r\n\r\n"},
	{"extension with bare CR", "7.1.1", 400, post(te) + "3;a\rb\r\nabc\r\n0\r\n\r\n"},
	{"extension with NUL", "7.1.1", 400, post(te) + "3;a\x00\r\nabc\r\n0\r\n\r\n"},
	{"extension with quotes left open", "7.1.1", 400, post(te) + "3;a=\"\r\nabc\r\n0\r\n\r\n"},
	{"extension without a semicolon", "7.1.1", 400, post(te) + "3 a\r\nabc\r\n0\r\n\r\n"},
	{"extensions without end", "7.1.1", 400, post(te) + "3;" + strings.Repeat("a", 5000) + "\r\nabc\r\n0\r\n\r\n"},
	{"trailer with a space before the colon", "5.1", 400, post(te) + "0\r\nX : y\r\n\r\n"},
	{"folded trailer", "5.2", 400, post(te) + "0\r\nX: y\r\n z\r\n\r\n"},
	{"bare LF in a trailer", "2.2", 400, post(te) + "0\r\nX: y\n\r\n"},
	{"length in a trailer", "RFC 9110, 6.5.1", 400, post(te) + "0\r\nContent-Length: 3\r\n\r\n"},
	{"coding in a trailer", "RFC 9110, 6.5.1", 400, post(te) + "0\r\nTransfer-Encoding: chunked\r\n\r\n"},
	{"Host in a trailer", "RFC 9110, 6.5.1", 400, post(te) + "0\r\nHost: b\r\n\r\n"},
}

// TestMessages sends every message over a raw socket, in one piece and byte by
// byte. Malformed ones get 400, reach no server, and end the conn; after
// others a second request is served on it.
func TestMessages(t *testing.T) {
	reached := make(chan string, 100)
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			reached <- r.URL.Path
		}
		_, _ = io.WriteString(w, "ok")
	})
	_, addr := start(t, all(poolOf(t, a)))
	for _, m := range messages {
		for _, piece := range []int{1 << 20, 1} {
			t.Run(fmt.Sprintf("%s/%d", m.name, piece), func(t *testing.T) {
				speak(t, addr, m, piece)
				want := []string(nil)
				if m.want == 200 {
					want = []string{"first", "second"}
				}
				if got := arrived(reached, len(want)); len(got) != len(want) {
					t.Errorf("servers were asked for %q, want %d requests", got, len(want))
				}
			})
		}
	}
}

// arrived are the requests that reached servers: as many as are wanted, and
// any that are there besides.
func arrived(reached <-chan string, want int) []string {
	var got []string
	late := time.After(20 * time.Second)
	for len(got) < want {
		select {
		case path := <-reached:
			got = append(got, path)
		case <-late:
			return got
		}
	}
	for len(reached) > 0 {
		got = append(got, <-reached)
	}
	return got
}

func speak(t *testing.T, addr string, m message, piece int) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	// HTTP/1.0 ends the conn after its answer.
	old := strings.Contains(m.text, "HTTP/1.0")
	text := m.text
	for len(text) > 0 {
		n := min(piece, len(text))
		if _, err := c.Write([]byte(text[:n])); err != nil {
			break // refused before its end
		}
		text = text[n:]
	}
	b := bufio.NewReader(c)
	res, err := http.ReadResponse(b, nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode != m.want {
		t.Errorf("answered %d, want %d by %s", res.StatusCode, m.want, m.section)
	}
	if m.want == 200 && old {
		c.Close()
		if c, err = net.Dial("tcp", addr); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		b = bufio.NewReader(c)
	}
	_, _ = io.WriteString(c, "GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
	res, err = http.ReadResponse(b, nil)
	switch {
	case m.want == 200 && (err != nil || res.StatusCode != 200):
		t.Errorf("a second request: %v, %v", res, err)
	case m.want != 200 && err == nil:
		t.Errorf("the conn goes on after %d: %d", m.want, res.StatusCode)
	case err != nil && os.IsTimeout(err):
		t.Errorf("the conn is left hanging: %v", err)
	}
}
