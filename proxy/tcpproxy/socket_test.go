//go:build linux

package tcpproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// deaf is an address whose queue of connections is full: whoever connects
// waits.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	addr := (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: at.(*syscall.SockaddrInet4).Port}).String()
	for { // until one is not let in any more
		d := net.Dialer{Timeout: 200 * time.Millisecond}
		c, err := d.Dial("tcp", addr)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { _ = c.Close() })
	}
}

// What is waited for ends by its time, and with the context, whichever is
// first.
func TestConnectWaits(t *testing.T) {
	addr := deaf(t)
	began := time.Now()
	_, err := connect(t.Context(), addr, began.Add(50*time.Millisecond))
	if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) < 50*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := connect(ctx, addr, time.Now().Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestConnectRefused(t *testing.T) {
	_, err := connect(t.Context(), closed(t), time.Now().Add(time.Hour))
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) || op.Op != "dial" {
		t.Error(err)
	}
}

// A connection of our own making is what net would have made.
func TestMade(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", at)
		if errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Logf("no IPv6 here: %v", err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c, err := connect(t.Context(), l.Addr().String(), time.Now().Add(10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, ours := c.(*made); !ours {
			t.Fatalf("made by net: %T", c)
		}
		peer, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		if c.LocalAddr().String() != peer.RemoteAddr().String() || c.RemoteAddr().String() != peer.LocalAddr().String() {
			t.Errorf("%v to %v, its peer says %v to %v", c.LocalAddr(), c.RemoteAddr(), peer.RemoteAddr(), peer.LocalAddr())
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		_ = c.SetReadDeadline(time.Time{})
		if err := c.(*made).CloseWrite(); err != nil {
			t.Error(err)
		}
		if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
			t.Error(err)
		}
		_, _ = peer.Write([]byte("x"))
		if n, err := c.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
		ended := make(chan error, 1)
		go func() { _, err := c.Read(make([]byte, 1)); ended <- err }()
		time.Sleep(5 * time.Millisecond)
		_ = c.Close()
		if err := <-ended; err == nil || err == io.EOF {
			t.Errorf("a read ended with %v when its connection was closed", err)
		}
	}
}
