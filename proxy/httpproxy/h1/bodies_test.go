package h1

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestEarlyAnswer: a server may answer a body that has not ended, and both go
// on.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, _ int) {
		r, _ := p.request()
		p.say(ok + "Transfer-Encoding: chunked\r\n\r\n")
		line := make([]byte, 3)
		for range 3 {
			if _, err := io.ReadFull(r.Body, line); err != nil {
				t.Error(err)
			}
			p.say("3\r\n" + string(line) + "\r\n")
		}
		if rest, err := io.ReadAll(r.Body); err != nil || len(rest) != 0 {
			t.Error(rest, err)
		}
		p.say("0\r\n\r\n")
		_, _ = p.request()
	})
	c := carrier(t)
	l := load(t, "POST", addr, "")
	out, in := io.Pipe()
	l.Stream, l.ContentLength = out, -1
	res, err := c.Carry(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"abc", "def", "ghi"} {
		_, _ = io.WriteString(in, word)
		got := make([]byte, 3)
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != word {
			t.Fatalf("%q, %v", got, err)
		}
	}
	_ = in.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) != 0 || c.unused() != 1 {
		t.Errorf("%q, %v, %d kept", rest, err, c.unused())
	}
}

// TestFinalAnswerToHalfABody: the rest is not sent, and the conn not kept.
func TestFinalAnswerToHalfABody(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, _ int) {
		_, _ = p.request()
		p.say("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, p.in)
	})
	c := carrier(t)
	l := load(t, "POST", addr, "")
	out, in := io.Pipe()
	defer in.Close()
	l.Stream, l.ContentLength = out, 1<<20
	res, text, err := carry(c, l)
	if err != nil || res.StatusCode != 413 || text != "no" || c.unused() != 0 {
		t.Errorf("%v %q %v, %d kept", res, text, err, c.unused())
	}
}

// TestBodies: all ways to send one arrive as they are.
func TestBodies(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, _ int) {
		for {
			r, more := p.request()
			if !more {
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			text := r.Header.Get("Content-Length") + "|" + strings.Join(r.TransferEncoding, ",") + "|" + r.Trailer.Get("X-Sum") + "|" + string(body)
			res := http.Response{ProtoMajor: 1, ProtoMinor: 1, StatusCode: 200, ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text))}
			_ = res.Write(p)
		}
	})
	c := carrier(t)
	for _, size := range []int{1, smallBody, 1 << 20} {
		body := long(max(size, 16))[:size]
		check := func(way string, l *Load, want string) {
			t.Helper()
			if _, got, err := carry(c, l); err != nil || got != want {
				t.Errorf("%s of %d: %d bytes, %v", way, size, len(got), err)
			}
			eventually(t, "the conn is kept", func() bool { return c.unused() == 1 })
		}
		check("memory", load(t, "PUT", addr, body), strconv.Itoa(size)+"|||"+body)
		l := load(t, "POST", addr, "")
		l.Stream, l.ContentLength = strings.NewReader(body), int64(size)
		check("known length", l, strconv.Itoa(size)+"|||"+body)
		l = load(t, "POST", addr, "")
		l.Stream, l.ContentLength = strings.NewReader(body), -1
		l.Trailer = http.Header{"X-Sum": {"42"}}
		check("chunks", l, "|chunked|42|"+body)
	}
}

// TestBodyThatBreaksOff: the server must not take it for a whole one.
func TestBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"chunks": -1, "known length": 5} {
		ended := make(chan error, 1)
		addr, _ := serve(t, func(p *peer, _ int) {
			r, _ := p.request()
			_, err := io.ReadAll(r.Body)
			ended <- err
		})
		l := load(t, "POST", addr, "")
		l.Stream, l.ContentLength = io.MultiReader(strings.NewReader("abc"), failing{}), length
		if _, err := carrier(t).Carry(l); err == nil {
			t.Errorf("%s: answered", name)
		}
		if err := <-ended; err == nil {
			t.Errorf("%s: the server found the body whole", name)
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the client left") }

// TestExpect: a body that is expected to wait does, for as long as it should.
func TestExpect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, word string
		want       int
		body       bool
	}{
		{"yes", "HTTP/1.1 100 Continue\r\n\r\n", 200, true},
		{"no", "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", 417, false},
		{"not a word", "", 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan bool)
			got := make(chan string, 1)
			addr, _ := serve(t, func(p *peer, _ int) {
				r, _ := p.request()
				<-asked
				p.say(c.word)
				body, _ := io.ReadAll(r.Body)
				got <- string(body)
				if c.want == 200 {
					p.say(ok + "Content-Length: 0\r\n\r\n")
				}
			})
			l := load(t, "POST", addr, "")
			l.Header.Set("Expect", "100-continue")
			src := &watched{Reader: strings.NewReader("body"), read: make(chan bool)}
			l.Stream, l.ContentLength = src, 4
			go func() {
				if c.word != "" {
					select {
					case <-src.read:
						t.Error("the body was read before the server's word")
					case <-time.After(10 * time.Millisecond):
					}
				}
				close(asked)
			}()
			res, _, err := carry(carrier(t), l)
			if err != nil || res.StatusCode != c.want {
				t.Fatal(res, err)
			}
			if body := <-got; (body == "body") != c.body {
				t.Errorf("the server got %q", body)
			}
		})
	}
}

// watched says when it is first read.
type watched struct {
	io.Reader
	once sync.Once
	read chan bool
}

func (w *watched) Read(p []byte) (int, error) {
	w.once.Do(func() { close(w.read) })
	return w.Reader.Read(p)
}
