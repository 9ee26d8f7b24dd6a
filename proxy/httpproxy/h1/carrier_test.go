package h1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
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

// TestStale: what a kept conn did not answer is sent again only where that
// cannot do anything twice.
func TestStale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method, body string
		stream, early      bool // early: the server closes before the request comes
		again              bool
	}{
		{"GET, noticed", "GET", "", false, true, true},
		{"POST, noticed", "POST", "body", false, true, true},
		{"stream, noticed", "POST", "body", true, true, true},
		{"GET", "GET", "", false, false, true},
		{"HEAD", "HEAD", "", false, false, true},
		{"DELETE", "DELETE", "", false, false, false},
		{"POST", "POST", "", false, false, false},
		{"PUT", "PUT", "body", false, false, false},
		{"stream", "POST", "body", true, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			closed := make(chan bool)
			addr, accepted := serve(t, func(p *peer, n int) {
				_, _ = p.request()
				p.say(ok + "Content-Length: 0\r\n\r\n")
				if n > 1 {
					_, _ = io.Copy(io.Discard, p.in)
					return
				}
				if !c.early {
					_, _ = p.request()
				}
				_ = p.Close()
				close(closed)
			})
			ca := carrier(t)
			if _, _, err := carry(ca, load(t, "GET", addr, "")); err != nil || ca.unused() != 1 {
				t.Fatal(err, ca.unused())
			}
			if c.early {
				<-closed
				eventually(t, "the end has come", func() bool { return !ca.idle[addr][0].quiet() })
			}
			l := load(t, c.method, addr, c.body)
			if c.stream {
				l.Memory, l.Stream = nil, strings.NewReader(c.body)
			}
			_, _, err := carry(ca, l)
			if (err == nil) != c.again || (accepted.Load() == 2) != c.again {
				t.Errorf("%v after %d conns", err, accepted.Load())
			}
		})
	}
}

// TestUnaskedBytes: what comes on an unused conn is no answer to what is asked
// next.
func TestUnaskedBytes(t *testing.T) {
	t.Parallel()
	addr, accepted := serve(t, func(p *peer, n int) {
		_, _ = p.request()
		p.say(ok + "Content-Length: 1\r\n\r\na")
		if n == 1 {
			p.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
		}
		_, _ = io.Copy(io.Discard, p.in)
	})
	c := carrier(t)
	if _, text, err := carry(c, load(t, "GET", addr, "")); err != nil || text != "a" {
		t.Fatal(text, err)
	}
	eventually(t, "they came", func() bool { return c.unused() == 0 || !c.idle[addr][0].quiet() })
	if _, text, err := carry(c, load(t, "POST", addr, "x")); err != nil || text != "a" || accepted.Load() != 2 {
		t.Errorf("%q, %v after %d conns", text, err, accepted.Load())
	}
}

func within(ctx context.Context, l *Load) *Load {
	l.Request = l.WithContext(ctx)
	return l
}

// TestCancelled: who waits does not, when the request's context ends.
func TestCancelled(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, n int) {
		_, _ = p.request()
		if n == 2 {
			p.say(ok + "Content-Length: 10\r\n\r\nhalf ")
		}
		if _, err := p.in.ReadByte(); err == nil {
			t.Error("the conn stayed open")
		}
	})
	c := carrier(t)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*time.Millisecond, cancel)
	if _, err := c.Carry(within(ctx, load(t, "GET", addr, ""))); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a head: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	res, err := c.Carry(within(ctx, load(t, "GET", addr, "")))
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(5*time.Millisecond, cancel)
	if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a body: %v", err)
	}
	if c.unused() != 0 {
		t.Error("the conn was kept")
	}
}

// TestTimes: a head that is late, and a body that stalls; one that only is
// slow comes through.
func TestTimes(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, _ int) {
		r, _ := p.request()
		switch r.Method {
		case "PUT":
			p.say(ok + "Content-Length: 10\r\n\r\n")
			for _, b := range []byte("0123456789") {
				time.Sleep(40 * time.Millisecond)
				p.say(string(b))
			}
		case "POST":
			p.say(ok + "Content-Length: 10\r\n\r\nhalf ")
		}
		_, _ = io.Copy(io.Discard, p.in)
	})
	c := carrier(t)
	l := load(t, "GET", addr, "")
	l.Until = time.Now().Add(20 * time.Millisecond)
	if _, err := c.Carry(l); !errors.Is(err, ErrLate) {
		t.Errorf("late: %v", err)
	}
	c.Stall = 300 * time.Millisecond
	if _, text, err := carry(c, load(t, "POST", addr, "x")); err == nil || text != "half " {
		t.Errorf("stalled: %q, %v", text, err)
	}
	if _, text, err := carry(c, load(t, "PUT", addr, "x")); err != nil || text != "0123456789" {
		t.Errorf("slow: %q, %v", text, err)
	}
}

// TestReset: a body until the conn's end that does not end well is not whole.
func TestReset(t *testing.T) {
	t.Parallel()
	read := make(chan bool)
	addr, _ := serve(t, func(p *peer, _ int) {
		_, _ = p.request()
		p.say(ok + "\r\nhalf")
		<-read
		_ = p.SetLinger(0)
	})
	res, err := carrier(t).Carry(load(t, "GET", addr, ""))
	if err != nil {
		t.Fatal(err)
	}
	half := make([]byte, 4)
	_, _ = io.ReadFull(res.Body, half)
	close(read)
	if rest, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("%q, then %q, and all was well", half, rest)
	}
}

// TestUnused: how many conns are kept, for how long, and what they cost.
func TestUnused(t *testing.T) {
	t.Parallel()
	all := make(chan bool)
	addr, _ := serve(t, func(p *peer, n int) {
		for first := true; ; first = false {
			if _, more := p.request(); !more {
				return
			}
			if first {
				<-all
			}
			p.say(ok + "Content-Length: 1\r\n\r\na")
		}
	})
	c := carrier(t)
	c.Idle = time.Hour
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if _, _, err := carry(c, load(t, "GET", addr, "")); err != nil {
				t.Error(err)
			}
		})
	}
	close(all)
	asking.Wait()
	if n := c.unused(); n < 1 || n > c.MaxIdle {
		t.Errorf("%d kept", n)
	}
	c.mu.Lock()
	for _, co := range c.idle[addr] {
		co.since = co.since.Add(-time.Hour)
	}
	c.mu.Unlock()
	c.sweep()
	if n := c.unused(); n != 0 {
		t.Errorf("%d kept that are too old", n)
	}
}

// TestServerClosesUnused: the broom notices.
func TestServerClosesUnused(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, _ int) {
		_, _ = p.request()
		p.say(ok + "Content-Length: 0\r\n\r\n")
	})
	c := carrier(t)
	c.Idle = 400 * time.Millisecond
	if _, _, err := carry(c, load(t, "GET", addr, "")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "none is kept", func() bool { return c.unused() == 0 })
}

// TestNoGoroutines: conns have none. Not parallel, it counts them.
func TestNoGoroutines(t *testing.T) {
	addr, _ := serve(t, func(p *peer, _ int) {
		for {
			r, more := p.request()
			if !more {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			p.say(ok + "Content-Length: 1\r\n\r\na")
		}
	})
	c := carrier(t)
	once := func() {
		l := load(t, "POST", addr, "")
		l.Stream, l.ContentLength = bytes.NewReader(make([]byte, 100)), -1
		if _, _, err := carry(c, l); err != nil {
			t.Fatal(err)
		}
	}
	once()
	before := runtime.NumGoroutine()
	for range 100 {
		once()
	}
	eventually(t, "those that fed bodies have ended", func() bool { return runtime.NumGoroutine() <= before+1 })
	if c.unused() != 1 {
		t.Errorf("%d kept", c.unused())
	}
}

// TestTunnel: after 101 bytes pass both ways, and the end of one way is told.
func TestTunnel(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, func(p *peer, _ int) {
		_, _ = p.request()
		p.say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\nfirst ")
		_, _ = io.Copy(p, p.in)
	})
	l := load(t, "GET", addr, "")
	l.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
	res, err := carrier(t).Carry(l)
	if err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	both := res.Body.(io.ReadWriteCloser)
	defer both.Close()
	if _, err := io.WriteString(both, "\x00 second"); err != nil {
		t.Fatal(err)
	}
	if err := both.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(both); err != nil || string(text) != "first \x00 second" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestRequestsThatAreNone: nothing of them is sent.
func TestRequestsThatAreNone(t *testing.T) {
	t.Parallel()
	addr, accepted := serve(t, func(*peer, int) {})
	for name, change := range map[string]func(l *Load){
		"method": func(l *Load) { l.Method = "GET /x HTTP/1.1\r\nX:" },
		"URI":    func(l *Load) { l.URL.RawQuery = "a b" },
		"host":   func(l *Load) { l.Host = "a\r\nX: y" },
		"name":   func(l *Load) { l.Header["X: y\r\nZ"] = []string{"a"} },
		"value":  func(l *Load) { l.Header["X"] = []string{"a\nY: z"} },
	} {
		l := load(t, "GET", addr, "")
		change(l)
		if _, err := carrier(t).Carry(l); err == nil || accepted.Load() != 0 {
			t.Errorf("%s: %v, %d conns", name, err, accepted.Load())
		}
	}
}
