package protocol

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// testWaiter is a Waiter that says what it holds.
type testWaiter struct {
	pending []byte
	sent    int
	in      *Buffer
	size    int  // of the buffer it borrows, RequestBuffer when 0
	keep    bool // the buffer when nothing is in it
}

func (w *testWaiter) Pending() []byte { return w.pending }
func (w *testWaiter) Sent()           { w.sent++; w.pending = nil }

func (w *testWaiter) Room() []byte {
	if w.in == nil {
		w.in = &Buffer{B: make([]byte, max(w.size, 1))}
		if w.size == 0 {
			w.in = NewRequestBuffer()
		}
	}
	return w.in.Space()
}

func (w *testWaiter) Filled(n int) {
	w.in.W += n
	if w.in.W == 0 && !w.keep {
		w.in = nil
	}
}

func (w *testWaiter) text() string {
	if w.in == nil {
		return ""
	}
	return string(w.in.Unread())
}

// eachWaiting is eachKind, and links that have been waited on so often that
// they stay, where there are such.
func eachWaiting(t *testing.T, f func(t *testing.T, link Link, peer net.Conn)) {
	eachKind(t, f)
	for _, kind := range kinds[:2] {
		t.Run(kind+" that stays", func(t *testing.T) {
			ours, peer := pair(t, kind)
			link := NewLink(ours)
			s, ok := link.(stayer)
			if !ok {
				t.Skip("not on this system")
			}
			s.mayStay()
			for range 100 {
				_, err := peer.Write([]byte("x"))
				must(t, err)
				must(t, link.Await(&testWaiter{}))
			}
			t.Cleanup(func() { _ = link.Close() })
			f(t, link, peer)
		})
	}
}

// What has been read and does not fill the room must not be dropped: a frame
// that ends at the end of the buffer is followed by others.
func TestAwaitLittleRoom(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		go func() { _, _ = peer.Write([]byte("abcdefgh")) }()
		w := &testWaiter{in: &Buffer{B: []byte("......xx"), W: 6}}
		soon(t, "Await", func() {
			for len(w.text()) < 8 {
				must(t, link.Await(w))
			}
		})
		rest := make([]byte, 6)
		must(t, link.SetReadDeadline(time.Now().Add(30*time.Second)))
		for got := 0; got < len(rest); {
			n, err := link.Recv(rest[got:])
			must(t, err)
			got += n
		}
		if got := w.text() + string(rest); got != "......abcdefgh" {
			t.Errorf("got %q", got)
		}
	})
}

// A copy of a large file must not be read in crumbs.
func TestAwaitReadsInBulk(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		const total = 1 << 20
		go func() { _, _ = peer.Write(bytes.Repeat([]byte("d"), total)) }()
		waits, got := 0, 0
		soon(t, "1 MiB", func() {
			for w := (&testWaiter{size: AnswerBuffer}); got < total; waits++ {
				must(t, link.Await(w))
				got += len(w.text())
				w.in = nil
			}
		})
		if most := total / 2048; waits > most {
			t.Errorf("%d waits for 1 MiB, want at most %d", waits, most)
		}
	})
}

func TestAwaitSendsFirst(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		w := &testWaiter{pending: []byte("answer")}
		go func() {
			b := make([]byte, 6)
			if _, err := io.ReadFull(peer, b); err == nil && string(b) == "answer" {
				_, _ = peer.Write([]byte("next"))
			}
		}()
		soon(t, "Await", func() { must(t, link.Await(w)) })
		if w.text() != "next" || w.sent != 1 {
			t.Errorf("input %q, sent %d times", w.text(), w.sent)
		}
	})
}

// A client that pipelines has sent its next request before its answer.
func TestAwaitPipelined(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		w := &testWaiter{}
		got := ""
		go func() {
			_, _ = peer.Write([]byte("one"))
			_, _ = peer.Write([]byte("two"))
		}()
		go func() { _, _ = io.Copy(io.Discard, peer) }()
		soon(t, "both", func() {
			for got != "onetwo" {
				if err := link.Await(w); err != nil {
					t.Error(err)
					return
				}
				got += w.text()
				w.in, w.pending = nil, []byte("answer")
			}
		})
	})
}

// An answer that the peer does not take at once is sent whole, before
// anything is read.
func TestAwaitLargePending(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		const total = 8 << 20
		w := &testWaiter{pending: make([]byte, total)}
		go func() {
			time.Sleep(10 * time.Millisecond)
			if n, _ := io.CopyN(io.Discard, peer, total); n == total {
				_, _ = peer.Write([]byte("ok"))
			}
		}()
		soon(t, "Await", func() { must(t, link.Await(w)) })
		if w.sent != 1 || w.in == nil {
			t.Error("pending bytes were not taken over")
		}
	})
}

func TestAwaitEnds(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		must(t, peer.Close())
		w := &testWaiter{}
		var err error
		soon(t, "Await", func() { err = link.Await(w) })
		if !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want EOF", err)
		}
		if w.in != nil {
			t.Error("still holds a buffer")
		}
	})
}

func TestAwaitInterrupted(t *testing.T) {
	eachWaiting(t, func(t *testing.T, link Link, peer net.Conn) {
		w := &testWaiter{}
		for range 3 {
			go func() {
				time.Sleep(5 * time.Millisecond)
				_ = link.SetReadDeadline(past)
			}()
			var err error
			soon(t, "Await", func() { err = link.Await(w) })
			if !IsTimeout(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("got %v, want a timeout", err)
			}
			must(t, link.SetReadDeadline(time.Time{}))
		}
		go func() { _, _ = peer.Write([]byte("x")) }()
		soon(t, "Await", func() { must(t, link.Await(w)) })
		if w.text() != "x" {
			t.Errorf("got %q after the interruptions", w.text())
		}
	})
}

// A waiting link holds no buffer of ours; only where nothing but Read tells
// that there is input, it must.
func TestAwaitHoldsNothing(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls"} {
		t.Run(kind, func(t *testing.T) {
			ours, peer := pair(t, kind)
			link := NewLink(ours)
			w := &countingWaiter{}
			done := make(chan error, 1)
			go func() { done <- link.Await(w) }()
			time.Sleep(20 * time.Millisecond)
			_ = link.SetReadDeadline(past)
			if err := <-done; !IsTimeout(err) {
				t.Fatal(err)
			}
			if w.lent != 0 {
				t.Errorf("%d buffers held while waiting", w.lent)
			}
			_ = peer
		})
	}
}

type countingWaiter struct{ lent int }

func (w *countingWaiter) Pending() []byte { return nil }
func (w *countingWaiter) Sent()           {}
func (w *countingWaiter) Room() []byte    { w.lent++; return make([]byte, 100) }
func (w *countingWaiter) Filled(n int) {
	if n == 0 {
		w.lent--
	}
}
