package strict

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// pass scans text in pieces of that size and returns what is passed on.
func pass(text string, size int) (string, *Fault) {
	var s Scanner
	var out []byte
	for len(text) > 0 {
		p := []byte(text[:min(size, len(text))])
		text = text[len(p):]
		n, f := s.Scan(p)
		out = append(out, p[:n]...)
		if f != nil {
			return string(out), f
		}
	}
	return string(out), nil
}

var seeds = []string{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
	"\r\nGET / HTTP/1.0\r\n\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"b\\\"\"\r\nabc\r\n0;x\r\nX: y\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	"GET / HTTP/1.1\nHost: a\n\n",
}

// TestPieces: what is passed on, and why it ends, does not depend on how the
// bytes come, but for the part of a malformed head that had already passed.
func TestPieces(t *testing.T) {
	for _, text := range seeds {
		whole, f := pass(text, len(text))
		for size := 1; size < len(text); size++ {
			got, g := pass(text, size)
			if (g == nil) != (f == nil) || f != nil && *f != *g || !strings.HasPrefix(got, whole) || f == nil && got != whole {
				t.Fatalf("%q in pieces of %d: %q, %v; in one: %q, %v", text, size, got, g, whole, f)
			}
		}
	}
}

// TestScanAllocatesNothing: it stands in the way of every request.
func TestScanAllocatesNothing(t *testing.T) {
	var s Scanner
	request := []byte("POST /a HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: x\r\nContent-Length: 3\r\n\r\nabc")
	if n := testing.AllocsPerRun(100, func() {
		if n, f := s.Scan(request); n != len(request) || f != nil {
			t.Fatal(n, f)
		}
	}); n != 0 {
		t.Errorf("%v allocations per request", n)
	}
}

func BenchmarkScan(b *testing.B) {
	var s Scanner
	request := []byte("GET /index.html HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: text/html,*/*\r\nAccept-Encoding: gzip\r\nCookie: LB=abcdef\r\n\r\n")
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		s.Scan(request)
	}
}

// FuzzScan: it never panics, does not care about pieces, and where it passes a
// stream, net/http finds the same requests in it or refuses one.
func FuzzScan(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, text string, size int) {
		text = text[:min(len(text), 1<<16)]
		whole, fault := pass(text, max(1, len(text)))
		got, again := pass(text, max(1, size&0xff))
		if (fault == nil) != (again == nil) || fault != nil && *fault != *again || !strings.HasPrefix(got, whole) {
			t.Fatalf("%q: %v, %q; in pieces %v, %q", text, fault, whole, again, got)
		}
		if fault == nil {
			agree(t, whole)
		}
	})
}

// agree holds the Scanner's idea of where requests end to net/http's.
func agree(t *testing.T, text string) {
	src := &counted{r: bytes.NewReader([]byte(text))}
	b := bufio.NewReader(src)
	for {
		at := src.n - b.Buffered()
		var s Scanner
		// No fault after this request's beginning means none in what follows:
		// each request begins where one may begin.
		if _, f := s.Scan([]byte(text[at:])); f != nil {
			t.Fatalf("%q: net/http goes on at %d, where %v", text, at, f)
		}
		r, err := http.ReadRequest(b)
		if err != nil {
			return // its end, or refused for what is not framing
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "trailer") {
				t.Logf("%q: %v", text, err)
			}
			return
		}
	}
}

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
