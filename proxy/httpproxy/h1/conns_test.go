package h1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"
)

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

// TestTLS: conns are kept as plain ones are, and looked at before their use.
func TestTLS(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodPost {
			<-r.Context().Done()
		}
		_, _ = w.Write(body)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c := carrier(t)
	c.Dial = (&tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "example.com"}}).DialContext
	addr := s.Listener.Addr().String()
	for _, body := range []string{"one", long(100_000), "three"} {
		if _, text, err := carry(c, load(t, "PUT", addr, body)); err != nil || text != body {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		eventually(t, "the conn is kept", func() bool { return c.unused() == 1 })
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d conns", n)
	}
	for _, body := range []string{"x", long(100_000)} {
		c.Stall = 300 * time.Millisecond
		if _, err := c.Carry(load(t, "POST", addr, body)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a kept conn on which nothing comes: %v", err)
		}
		c.Stall = bound
		if _, text, err := carry(c, load(t, "PUT", addr, body)); err != nil || text != body {
			t.Fatalf("%d bytes, %v", len(text), err)
		}
		eventually(t, "the conn is kept", func() bool { return c.unused() == 1 })
	}
	conns.Store(1)
	s.CloseClientConnections()
	eventually(t, "the end has come", func() bool { return !c.idle[addr][0].quiet() })
	if _, text, err := carry(c, load(t, "PUT", addr, "four")); err != nil || text != "four" || conns.Load() != 2 {
		t.Errorf("%q, %v after %d conns", text, err, conns.Load())
	}
}
