package tcpproxy

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stream sends n pseudo-random bytes in pieces of changing size, and hashes them.
func stream(c io.Writer, n int, seed uint64) ([]byte, error) {
	r := rand.NewChaCha8([32]byte{byte(seed)})
	pick := rand.New(rand.NewPCG(seed, 1))
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for n > 0 {
		piece := buf[:min(n, 1+pick.IntN(len(buf)))]
		_, _ = r.Read(piece)
		_, _ = h.Write(piece)
		if _, err := c.Write(piece); err != nil {
			return nil, err
		}
		n -= len(piece)
	}
	return h.Sum(nil), nil
}

func hashAll(r io.Reader) ([]byte, int64, error) {
	h := hash.Hash(sha256.New())
	n, err := io.Copy(h, r)
	return h.Sum(nil), n, err
}

// Bulk goes both ways at once and arrives as it was sent; each way ends by
// itself. The server answers only after it has seen the client's end.
func TestBulkAndHalfClose(t *testing.T) {
	const n = 24 << 20
	type seen struct {
		sum  []byte
		n    int64
		sent []byte
	}
	atServer := make(chan seen, 1)
	addr := backend(t, func(c net.Conn) {
		var s seen
		s.sum, s.n, _ = hashAll(c)
		s.sent, _ = stream(c, n, 2)
		_ = c.(*net.TCPConn).CloseWrite()
		atServer <- s
	})
	p, door := behind(t, settings(addr))
	c := dialTo(t, door)
	sent, err := stream(c, n, 1)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.CloseWrite()
	sum, got, err := hashAll(c)
	s := <-atServer
	if err != nil || got != n || !bytes.Equal(sum, s.sent) {
		t.Errorf("client: %d bytes, %v, same: %v", got, err, bytes.Equal(sum, s.sent))
	}
	if s.n != n || !bytes.Equal(s.sum, sent) {
		t.Errorf("server: %d bytes, same: %v", s.n, bytes.Equal(s.sum, sent))
	}
	eventually(t, "the relay ends", func() bool { return p.Active() == 0 })
	if in, out := p.bytes.in.Load(), p.bytes.out.Load(); in != n || out != n {
		t.Errorf("counted %d in and %d out", in, out)
	}
}

// Bulk both ways at the same time, on several connections.
func TestBulkDuplex(t *testing.T) {
	const n, conns = 8 << 20, 4
	addr := backend(t, func(c net.Conn) { _, _ = io.Copy(struct{ io.Writer }{c}, c) })
	p, door := behind(t, settings(addr))
	done := make(chan error, conns)
	for i := range conns {
		c := dialTo(t, door)
		go func() {
			sent := make(chan []byte, 1)
			go func() {
				sum, _ := stream(c, n, uint64(i))
				_ = c.CloseWrite()
				sent <- sum
			}()
			sum, got, err := hashAll(c)
			if want := <-sent; err == nil && (got != n || !bytes.Equal(sum, want)) {
				err = errors.New("other bytes came back")
			}
			done <- err
		}()
	}
	for range conns {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	eventually(t, "the relays end", func() bool { return p.Active() == 0 })
}

// A peer that breaks off is not passed on as one that is done.
func TestResetIsPassedOn(t *testing.T) {
	addr := backend(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_, _ = c.Write([]byte("half an ans"))
		time.Sleep(20 * time.Millisecond) // so that it is not lost by the reset
		_ = c.(*net.TCPConn).SetLinger(0)
	})
	_, door := behind(t, settings(addr))
	c := dialTo(t, door)
	_, _ = c.Write([]byte("?"))
	got, err := io.ReadAll(c)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %q and %v, want a reset", got, err)
	}
}

// Nor is a client that breaks off, be it while nothing moves or in the middle.
func TestResetOfTheClient(t *testing.T) {
	for _, first := range []string{"?", strings.Repeat("?", 1<<20)} {
		ended := make(chan error, 1)
		addr := backend(t, func(c net.Conn) {
			_, _ = c.Write([]byte("!"))
			_, err := io.Copy(io.Discard, c)
			ended <- err
		})
		_, door := behind(t, settings(addr))
		c := dialTo(t, door)
		_, _ = c.Write([]byte(first))
		_, _ = io.ReadFull(c, make([]byte, 1))
		_ = c.SetLinger(0)
		_ = c.Close()
		if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the server heard %v, want a reset", err)
		}
	}
}

// A server that goes while it is written to is not passed on as one that is
// done either.
func TestResetInTheMiddle(t *testing.T) {
	addr := backend(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
	})
	p, door := behind(t, settings(addr))
	c := dialTo(t, door)
	var err error
	for big := make([]byte, 1<<16); err == nil; {
		_, err = c.Write(big)
	}
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v, want a reset", err)
	}
	eventually(t, "the relay ends", func() bool { return p.Active() == 0 })
}

func TestIdle(t *testing.T) {
	addr, _ := lines(t, "a")
	s := settings(addr)
	s.Idle = 400 * time.Millisecond
	p, door := behind(t, s)
	busy, idle := dialTo(t, door), dialTo(t, door)
	hears(t, idle, "a")
	ended := make(chan time.Duration, 1)
	began := time.Now()
	go func() {
		_, _ = idle.Read(make([]byte, 1))
		ended <- time.Since(began)
	}()
	for time.Since(began) < 3*s.Idle { // moves all the time
		hears(t, busy, "a")
		time.Sleep(20 * time.Millisecond)
	}
	if after := <-ended; after < s.Idle*7/8 {
		t.Errorf("ended after %v, idle is %v", after, s.Idle)
	}
	hears(t, busy, "a")
	eventually(t, "only one is left", func() bool { return p.Active() == 1 })
}

// Bytes are counted while they move, in small pieces and in bulk.
func TestBytesAreLive(t *testing.T) {
	addr := backend(t, func(c net.Conn) { _, _ = io.Copy(struct{ io.Writer }{c}, c) })
	s := settings(addr)
	s.Idle = time.Minute
	p, door := behind(t, s)
	c := dialTo(t, door)
	total := int64(0)
	for _, n := range []int{10, 100_000, 5_000_000, 7} {
		go func() { _, _ = c.Write(make([]byte, n)) }()
		if _, err := io.CopyN(io.Discard, c, int64(n)); err != nil {
			t.Fatal(err)
		}
		total += int64(n)
		eventually(t, "bytes are counted", func() bool {
			p.look(time.Now())
			return p.bytes.in.Load() == total && p.bytes.out.Load() == total
		})
	}
	if p.Active() != 1 {
		t.Error("the relay has ended")
	}
}

// A pool that is closed ends its relays, and takes no more.
func TestCloseEndsRelays(t *testing.T) {
	addr, _ := lines(t, "a")
	p, door := behind(t, settings(addr))
	c := dialTo(t, door)
	hears(t, c, "a")
	p.Close()
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the relay goes on")
	}
	if err := attempt(door, 20*time.Second); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a closed pool: %v", err)
	}
}

// A server that is drained gets nobody new, and its relays end at the limit;
// one that goes from the configuration too.
func TestDrain(t *testing.T) {
	a, _ := lines(t, "a")
	b, _ := lines(t, "b")
	s := settings(a, b)
	s.Balance.Policy = "first"
	s.Drain = 300 * time.Millisecond
	p, door := behind(t, s)
	old := dialTo(t, door)
	hears(t, old, "a")
	if err := p.Drain(a); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	hears(t, dialTo(t, door), "b")
	hears(t, old, "a")
	_, err := old.Read(make([]byte, 1))
	if took := time.Since(began); err != io.EOF || took < s.Drain/2 {
		t.Errorf("ended after %v with %v", took, err)
	}
	if err := p.Ready(a); err != nil {
		t.Fatal(err)
	}
	back := dialTo(t, door)
	hears(t, back, "a")
	time.Sleep(2 * s.Drain) // the limit was of those before
	hears(t, back, "a")

	s.Servers = s.Servers[1:]
	if err := p.Use(s); err != nil {
		t.Fatal(err)
	}
	hears(t, dialTo(t, door), "b")
	if _, err := back.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the relay to a server that is gone ended with %v", err)
	}
}

// Maintenance ends relays at once.
func TestMaintenance(t *testing.T) {
	a, _ := lines(t, "a")
	b, _ := lines(t, "b")
	s := settings(a, b)
	s.Balance.Policy = "first"
	p, door := behind(t, s)
	c := dialTo(t, door)
	hears(t, c, "a")
	if err := p.Maintain(a); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("ended with %v", err)
	}
	hears(t, dialTo(t, door), "b")
	if err := p.Drain("nobody"); err == nil {
		t.Error("a server that is not there is drained")
	}
}

// Peers of relays that last are looked after, whatever is around their sockets.
func TestKeepAlive(t *testing.T) {
	a := newAuthority(t)
	addr, _ := lines(t, "a")
	p := newPool(t, settings(addr))
	_, door := open(t, DoorSettings{Pool: p, Trusted: loopback, TLS: &tls.Config{Certificates: []tls.Certificate{a.sign("x.example")}}})
	raw := dialTo(t, door)
	_, _ = raw.Write([]byte("PROXY UNKNOWN\r\n"))
	hears(t, tls.Client(raw, &tls.Config{RootCAs: a.roots, ServerName: "x.example"}), "a")
	eventually(t, "it is relayed", func() bool { return p.Active() == 1 })
	p.mu.Lock()
	r := p.relays.first()
	p.mu.Unlock()
	want := func(on int, conns ...net.Conn) {
		t.Helper()
		for _, c := range conns {
			control, err := socketOf(c).SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			_ = control.Control(func(fd uintptr) {
				if got, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_KEEPALIVE); err != nil || got != on {
					t.Errorf("keep-alive is %d, %v; want %d", got, err, on)
				}
			})
		}
	}
	want(0, r.to.conn) // the other is as its listener made it
	p.look(time.Now().Add(keepAliveAfter))
	want(1, r.to.conn, r.in.from)
}
