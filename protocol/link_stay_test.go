//go:build linux && !386

package protocol

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
	"time"
)

// staying is a link that has been waited on so often that it stays, and is
// parked in its coroutine.
func staying(t testing.TB, kind string) (*rawLink, net.Conn) {
	t.Helper()
	ours, peer := pair(t, kind)
	link := NewLink(ours).(*rawLink)
	link.mayStay()
	for range staysFrom {
		must(t, request(link, peer, "x"))
	}
	if !link.stay.dry {
		t.Fatal("does not stay")
	}
	t.Cleanup(func() { _ = link.Close() })
	return link, peer
}

func request(link Link, peer net.Conn, words string) error {
	if _, err := peer.Write([]byte(words)); err != nil {
		return err
	}
	return link.Await(&testWaiter{})
}

// eachStaying runs f over each kind of connection that can stay.
func eachStaying(t *testing.T, f func(t *testing.T, link *rawLink, peer net.Conn)) {
	for _, kind := range kinds[:2] {
		t.Run(kind, func(t *testing.T) {
			link, peer := staying(t, kind)
			f(t, link, peer)
		})
	}
}

// emptyWaiter counts the reads that found nothing.
type emptyWaiter struct {
	testWaiter
	reads, empty int
}

func (w *emptyWaiter) Filled(n int) {
	w.reads++
	if n == 0 {
		w.empty++
	}
	w.testWaiter.Filled(n)
}

// That no read finds nothing is what it is for.
func TestStayReadsOnce(t *testing.T) {
	eachStaying(t, func(t *testing.T, link *rawLink, peer net.Conn) {
		go echo(peer, 4)
		w := &emptyWaiter{}
		const waits = 500
		for range waits {
			w.pending = []byte("ping")
			must(t, link.Await(w))
			w.in = nil
		}
		// The poller may tell late of what has been read already.
		if w.empty > waits/10 {
			t.Errorf("%d of %d reads found nothing", w.empty, w.reads)
		}
	})
}

func TestStayAllocatesNothing(t *testing.T) {
	link, peer := staying(t, "tcp")
	go echo(peer, 4)
	w := &testWaiter{in: &Buffer{B: make([]byte, 100)}, keep: true}
	out := []byte("ping")
	if n := testing.AllocsPerRun(100, func() {
		w.pending = out
		must(t, link.Await(w))
		w.in.R, w.in.W = 0, 0
	}); n != 0 {
		t.Errorf("%v allocations per wait", n)
	}
}

// What comes between two waits, in pieces and at any time, is not lost, nor
// does a word of others in between lose any of it.
func TestStayLosesNothing(t *testing.T) {
	eachStaying(t, func(t *testing.T, link *rawLink, peer net.Conn) {
		const total = 200_000
		go func() {
			for sent := 0; sent < total; {
				n := min(1+rand.IntN(300), total-sent)
				_, _ = peer.Write(make([]byte, n))
				sent += n
				if rand.IntN(3) == 0 {
					time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
				}
			}
		}()
		stop := make(chan struct{})
		defer close(stop)
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(200 * time.Microsecond):
					_ = link.SetReadDeadline(past)
				}
			}
		}()
		w := &testWaiter{size: 256}
		soon(t, "all", func() {
			for got := 0; got < total; {
				switch err := link.Await(w); {
				case IsTimeout(err):
					_ = link.SetReadDeadline(time.Time{})
				case err != nil:
					t.Error(err)
					return
				default:
					got += len(w.text())
					w.in = nil
				}
			}
		})
	})
}

func TestStayInterrupted(t *testing.T) {
	eachStaying(t, func(t *testing.T, link *rawLink, peer net.Conn) {
		w := &testWaiter{}
		must(t, link.SetReadDeadline(past)) // while it is parked
		_, err := peer.Write([]byte("x"))
		must(t, err)
		for range 2 {
			soon(t, "Await", func() { err = link.Await(w) })
			if !IsTimeout(err) {
				t.Fatalf("got %v, want a timeout", err)
			}
		}
		must(t, link.SetReadDeadline(time.Time{}))
		soon(t, "Await", func() { must(t, link.Await(w)) })
		must(t, link.SetReadDeadline(past))
		must(t, link.SetReadDeadline(time.Time{})) // before it has been noticed
		_, err = peer.Write([]byte("y"))
		must(t, err)
		soon(t, "Await", func() { must(t, link.Await(w)) })
		if w.text() != "xy" {
			t.Errorf("got %q", w.text())
		}
	})
}

// A peer may hang up in the same breath as it speaks, and the poller tells of
// both at once.
func TestStayHangup(t *testing.T) {
	h := newHangups(t)
	before := runtime.NumGoroutine()
	for _, kind := range kinds[:2] {
		for name, end := range map[string]func(net.Conn){
			"close":      func(c net.Conn) { _ = c.Close() },
			"half close": func(c net.Conn) { _ = c.(interface{ CloseWrite() error }).CloseWrite() },
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				for range 50 {
					ours, peer := pair(t, kind)
					c := NewClientConn(ours)
					stop := c.Watch(h, func() {})
					for range staysFrom {
						_, err := peer.Write([]byte("x"))
						must(t, err)
						c.Consume(fill(t, c))
					}
					_, err := peer.Write([]byte("last words"))
					must(t, err)
					end(peer)
					time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
					got, end := toTheEnd(t, c)
					if got != "last words" || !errors.Is(end, io.EOF) {
						t.Errorf("got %q, %v", got, end)
					}
					stop()
					_ = c.Close()
				}
			})
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

func toTheEnd(t *testing.T, c *ClientConn) (got string, err error) {
	t.Helper()
	soon(t, "the end", func() {
		for err == nil {
			err = c.Fill()
			got += string(c.Input())
			if c.in != nil {
				c.Consume(len(c.Input()))
			}
			if IsTimeout(err) {
				c.Resume()
				err = nil
			}
		}
	})
	return got, err
}

// Close and Sever do not wait for a session that is busy elsewhere.
func TestStayCloseWhileParked(t *testing.T) {
	eachStaying(t, func(t *testing.T, link *rawLink, peer net.Conn) {
		soon(t, "Close", func() { must(t, link.Close()) })
		soon(t, "Await", func() {
			if err := link.Await(&testWaiter{}); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
		soon(t, "Close again", func() { _ = link.Close() })
		if n, err := peer.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("the peer got %d, %v", n, err)
		}
	})
}

func TestStayCloseWhileWaiting(t *testing.T) {
	eachStaying(t, func(t *testing.T, link *rawLink, peer net.Conn) {
		done := make(chan error, 1)
		go func() { done <- link.Await(&testWaiter{}) }()
		time.Sleep(5 * time.Millisecond)
		soon(t, "Close", func() { must(t, link.Close()) })
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// Close comes at any moment of a session's life.
func TestStayCloseAnyTime(t *testing.T) {
	for range 100 {
		link, peer := staying(t, "tcp")
		go echo(peer, 1)
		done := make(chan error, 1)
		go func() {
			for {
				if err := link.Await(&testWaiter{pending: []byte("x")}); err != nil {
					done <- err
					return
				}
			}
		}()
		time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
		soon(t, "Close", func() { _ = link.Close() })
		soon(t, "Await", func() { <-done })
	}
}

func BenchmarkAwait(b *testing.B) {
	for name, stays := range map[string]bool{"stays": true, "arms": false} {
		b.Run(name, func(b *testing.B) {
			link, peer := staying(b, "tcp")
			if !stays {
				link.peerLeft()
				must(b, request(link, peer, "x"))
				link.stay.next = nil
				link.stay.may = false
			}
			go echo(peer, 4)
			w := &testWaiter{in: &Buffer{B: make([]byte, 100)}, keep: true}
			out := []byte("ping")
			for b.Loop() {
				w.pending = out
				must(b, link.Await(w))
				w.in.R, w.in.W = 0, 0
			}
		})
	}
}
