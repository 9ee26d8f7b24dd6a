package h1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

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
