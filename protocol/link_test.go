package protocol

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// echo answers each message of n bytes with itself, until the end.
func echo(peer net.Conn, n int) {
	b := make([]byte, n)
	for {
		if _, err := io.ReadFull(peer, b); err != nil {
			return
		}
		if _, err := peer.Write(b); err != nil {
			return
		}
	}
}

func TestExchange(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		go echo(peer, 4)
		buf := make([]byte, 100)
		for i := range 200 {
			out := []byte{'a', 'b', byte(i), 'c'}
			soon(t, "Exchange", func() {
				n, err := link.Exchange(out, buf)
				for n < 4 && err == nil {
					var more int
					more, err = link.Recv(buf[n:])
					n += more
				}
				if err != nil || !bytes.Equal(buf[:n], out) {
					t.Errorf("exchange %d: %q, %v", i, buf[:n], err)
				}
			})
		}
	})
}

// A peer that reads nothing must not make Exchange wait for it: it may be
// waiting for us to read.
func TestExchangeBlocked(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		out := bytes.Repeat([]byte("0123456789abcdef"), 2<<20) // 32 MiB
		var blocked *Blocked
		soon(t, "Exchange", func() {
			_, err := link.Exchange(out, make([]byte, 10))
			if !errors.As(err, &blocked) {
				t.Errorf("got %v, want Blocked", err)
			}
		})
		if blocked == nil || len(blocked.Rest) == 0 || !bytes.HasSuffix(out, blocked.Rest) {
			t.Fatal("the rest is not the end of what was to be sent")
		}
		sent := make(chan error, 1)
		go func() { sent <- link.Send(blocked.Rest) }()
		got := make([]byte, len(out))
		_, err := io.ReadFull(peer, got)
		must(t, err)
		must(t, <-sent)
		if !bytes.Equal(got, out) {
			t.Error("the peer got something else")
		}
	})
}

// One goroutine sends while another receives.
func TestSendWhileReceiving(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		const size = 1 << 20
		go echo(peer, 1<<10)
		sent := make(chan error, 1)
		out := bytes.Repeat([]byte("x"), size)
		go func() { sent <- link.Send(out) }()
		got, buf := 0, make([]byte, 4<<10)
		soon(t, "echo", func() {
			for got < size {
				n, err := link.Recv(buf)
				if err != nil {
					t.Error(err)
					return
				}
				got += n
			}
		})
		must(t, <-sent)
	})
}

func TestRecvAtTheEnd(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		go func() {
			_, _ = peer.Write([]byte("last words"))
			_ = peer.Close()
		}()
		var got []byte
		var err error
		buf := make([]byte, 4)
		soon(t, "Recv", func() {
			for err == nil {
				var n int
				n, err = link.Recv(buf)
				got = append(got, buf[:n]...)
			}
		})
		if string(got) != "last words" || !errors.Is(err, io.EOF) {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

// A call without room would come back with nothing for ever.
func TestRecvWithoutRoom(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		go func() { _, _ = peer.Write([]byte("x")) }()
		soon(t, "Recv", func() {
			if n, err := link.Recv(nil); n != 0 || !errors.Is(err, io.ErrShortBuffer) {
				t.Errorf("got %d, %v", n, err)
			}
		})
	})
}

// Close ends whoever waits, in each of the calls.
func TestCloseWhileWaiting(t *testing.T) {
	buf := make([]byte, 10)
	calls := map[string]func(Link) error{
		"Recv":     func(l Link) error { _, err := l.Recv(buf); return err },
		"Exchange": func(l Link) error { _, err := l.Exchange([]byte("q"), buf); return err },
		"Await":    func(l Link) error { return l.Await(&testWaiter{}) },
		"Send":     func(l Link) error { return l.Send(make([]byte, 64<<20)) },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
				done := make(chan error, 1)
				go func() { done <- call(link) }()
				time.Sleep(10 * time.Millisecond)
				soon(t, "Close", func() { _ = link.Close() })
				select {
				case err := <-done:
					if err == nil {
						t.Error("no error")
					}
				case <-time.After(30 * time.Second):
					t.Fatal("still waiting")
				}
				_ = peer
			})
		})
	}
}

// A peer that takes nothing does not hold up the end.
func TestCloseAfterFailedSend(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		must(t, link.SetWriteDeadline(time.Now().Add(20*time.Millisecond)))
		if err := link.Send(make([]byte, 64<<20)); !IsTimeout(err) {
			t.Errorf("got %v", err)
		}
		began := time.Now()
		_ = link.Close()
		if d := time.Since(began); d > time.Second {
			t.Errorf("took %v", d)
		}
		if _, err := link.Recv(make([]byte, 1)); err == nil {
			t.Error("received after Close")
		}
	})
}

// A deadline ends each call, and the calls after it, until it is taken back.
func TestDeadlines(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		buf := make([]byte, 10)
		must(t, link.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
		for range 2 {
			if _, err := link.Recv(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("got %v", err)
			}
		}
		must(t, link.SetReadDeadline(time.Time{}))
		go func() { _, _ = peer.Write([]byte("late")) }()
		soon(t, "Recv", func() {
			if n, err := link.Recv(buf); err != nil || n == 0 {
				t.Errorf("got %d, %v", n, err)
			}
		})
		must(t, link.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
		soon(t, "Send", func() {
			if err := link.Send(make([]byte, 64<<20)); !IsTimeout(err) {
				t.Errorf("got %v", err)
			}
		})
		_ = link.Close()
	})
}

// Signals interrupt system calls; nobody may notice. The runtime preempts by
// signals, so a busy process has plenty.
func TestSignals(t *testing.T) {
	ours, peer := pair(t, "tcp")
	link := NewLink(ours)
	go echo(peer, 4)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	buf := make([]byte, 4)
	for range 500 {
		if n, err := link.Exchange([]byte("ping"), buf); err != nil || n == 0 {
			t.Fatal(n, err)
		}
	}
}

func TestLinkAllocatesNothing(t *testing.T) {
	ours, peer := pair(t, "tcp")
	link := NewLink(ours)
	go echo(peer, 4)
	out, buf := []byte("ping"), make([]byte, 4)
	w := &testWaiter{in: &Buffer{B: make([]byte, 100)}, keep: true}
	n := testing.AllocsPerRun(100, func() {
		if _, err := link.Exchange(out, buf); err != nil {
			t.Fatal(err)
		}
		w.pending = out
		if err := link.Await(w); err != nil {
			t.Fatal(err)
		}
		w.in.R, w.in.W = 0, 0
	})
	if n != 0 {
		t.Errorf("%v allocations per exchange and wait", n)
	}
}

func BenchmarkExchange(b *testing.B) {
	ours, peer := pair(b, "tcp")
	link := NewLink(ours)
	go echo(peer, 4)
	out, buf := []byte("ping"), make([]byte, 4)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := link.Exchange(out, buf); err != nil {
			b.Fatal(err)
		}
	}
}
