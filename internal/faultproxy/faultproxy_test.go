package faultproxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"
)

// echo is a server that says a name first and then repeats what it hears.
func echo(t *testing.T, name string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				io.WriteString(c, name)
				io.Copy(c, c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); work.Wait() })
	return l.Addr().String()
}

func start(t *testing.T, target string) *Proxy {
	t.Helper()
	p, err := Listen(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second)) // nothing below waits longer than a hang
	return c
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("heard %q, %v; want %q", b, err, want)
	}
}

func TestForwardsUntilEitherSideIsDone(t *testing.T) {
	p := start(t, echo(t, "a"))
	c := dial(t, p)
	hear(t, c, "a")
	text := bytes.Repeat([]byte("0123456789"), 100_000)
	var write sync.WaitGroup
	write.Go(func() { c.Write(text); c.(*net.TCPConn).CloseWrite() })
	got, err := io.ReadAll(c)
	write.Wait()
	if err != nil || !bytes.Equal(got, text) {
		t.Fatalf("%d bytes came back, %v; want %d", len(got), err, len(text))
	}
}

func TestRefuse(t *testing.T) {
	p := start(t, echo(t, "a"))
	open := dial(t, p)
	hear(t, open, "a")
	p.Refuse()
	if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
	io.WriteString(open, "still")
	hear(t, open, "still")
	if err := p.Accept(); err != nil {
		t.Fatal(err)
	}
	hear(t, dial(t, p), "a")
}

func TestRetarget(t *testing.T) {
	p := start(t, echo(t, "a"))
	old := dial(t, p)
	hear(t, old, "a")
	p.Retarget(echo(t, "b"))
	hear(t, dial(t, p), "b")
	io.WriteString(old, "x")
	hear(t, old, "x")
}

func TestBlackhole(t *testing.T) {
	p := start(t, echo(t, "a"))
	p.Blackhole(true)
	c := dial(t, p)
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	var timeout net.Error
	if n, err := c.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("read %d bytes, %v; want silence", n, err)
	}
	p.Blackhole(false)
	hear(t, dial(t, p), "a")
}

func TestPauseLosesNothing(t *testing.T) {
	p := start(t, echo(t, "a"))
	c := dial(t, p)
	hear(t, c, "a")
	p.Pause()
	io.WriteString(c, "held back")
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes came through a pause", n)
	}
	c.SetReadDeadline(time.Now().Add(20 * time.Second))
	p.Resume()
	hear(t, c, "held back")
}

func TestDelayIsPerDirectionAndKeepsOrder(t *testing.T) {
	p := start(t, echo(t, "a"))
	c := dial(t, p)
	hear(t, c, "a")
	p.Delay(40*time.Millisecond, 80*time.Millisecond)
	begun := time.Now()
	for _, s := range []string{"one ", "two ", "three"} {
		io.WriteString(c, s)
	}
	hear(t, c, "one two three")
	if took := time.Since(begun); took < 120*time.Millisecond {
		t.Errorf("there and back took %v, want at least 120 ms", took)
	}
}

func TestCuts(t *testing.T) {
	p := start(t, echo(t, "hello"))
	for _, how := range []Cut{FIN, RST} {
		p.CutAfter(8, how)
		c := dial(t, p)
		hear(t, c, "hello")
		io.WriteString(c, "123456")
		hear(t, c, "123")
		judgeEnd(t, c, how)
		p.CutAfter(0, how)
		c = dial(t, p)
		hear(t, c, "hello")
		if n := p.Cut(how); n != 1 {
			t.Errorf("%d connections cut, want 1", n)
		}
		judgeEnd(t, c, how)
	}
}

func judgeEnd(t *testing.T, c net.Conn, how Cut) {
	t.Helper()
	_, err := c.Read(make([]byte, 1))
	if how == FIN && err != io.EOF {
		t.Errorf("after FIN: %v", err)
	}
	if how == RST && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after RST: %v", err)
	}
}

// TestClose would hang if a goroutine outlived its connection.
func TestClose(t *testing.T) {
	p := start(t, echo(t, "a"))
	p.Pause()
	dial(t, p)
	p.Blackhole(true)
	dial(t, p)
	for p.Open() < 2 {
		time.Sleep(time.Millisecond) // until both were accepted
	}
	p.Close()
	if n := p.Open(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}
