package httpproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// sockets is a real server of WebSocket. It sends each message back, says bye
// (4001) upon "close me".
func sockets(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionContextTakeover, Subprotocols: []string{"echo"}})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(4 << 20)
	for {
		kind, m, err := c.Read(context.Background())
		switch {
		case err != nil:
			return
		case string(m) == "close me":
			_ = c.Close(4001, "as you wish")
			return
		}
		if c.Write(context.Background(), kind, m) != nil {
			return
		}
	}
}

// counted counts what a client's conn reads and writes.
type counted struct {
	net.Conn
	in, out *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.in.Add(int64(n))
	return n, err
}

func (c counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.out.Add(int64(n))
	return n, err
}

// socket opens one through wye; it is closed by the test's end.
func socket(t *testing.T, url string, tr *http.Transport, mode websocket.CompressionMode) (*websocket.Conn, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: tr}, Subprotocols: []string{"echo"}, CompressionMode: mode, CompressionThreshold: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(4 << 20)
	return c, res
}

// echoed sends a message in as many frames as there are parts, and wants it back.
func echoed(t *testing.T, c *websocket.Conn, kind websocket.MessageType, parts ...[]byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	w, err := c.Writer(ctx, kind)
	for _, p := range parts {
		if err == nil {
			_, err = w.Write(p)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	got, m, err := c.Read(ctx)
	if want := bytes.Join(parts, nil); err != nil || got != kind || !bytes.Equal(m, want) {
		t.Fatalf("%v of %d bytes in %d frames came back as %v of %d, %v", kind, len(want), len(parts), got, len(m), err)
	}
}

// TestWebSocket: a real client and server, with wye between them, in the clear
// and by TLS on both sides.
func TestWebSocket(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprint("TLS ", secure), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(http.HandlerFunc(sockets))
			ps, scheme := PoolSettings{}, "ws"
			tr := &http.Transport{}
			t.Cleanup(tr.CloseIdleConnections)
			if secure {
				server.StartTLS()
				roots := x509.NewCertPool()
				roots.AddCert(server.Certificate())
				ps.TLS, scheme = &tls.Config{RootCAs: roots, ServerName: "example.com"}, "wss"
				tr.TLSClientConfig = ps.TLS
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			p := poolWith(t, upstream.Settings{}, ps, server.Listener.Addr().String())
			set := all(p)
			if secure {
				set.TLS = &tls.Config{Certificates: server.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
			}
			s, addr := start(t, set)
			url := scheme + "://" + addr + "/chat"
			t.Run("messages", func(t *testing.T) { frames(t, url, tr) })
			t.Run("closes", func(t *testing.T) { closes(t, url, tr) })
			t.Run("compressed", func(t *testing.T) { compressed(t, url, tr) })
			within(t, func() bool { now, _, _, _ := s.Conns(); return now == 0 && s.Count.Read().Active == 0 })
			if v := p.View(p.Now())[0]; v.Active != 0 {
				t.Errorf("%d are still at the server", v.Active)
			}
		})
	}
}

// frames: messages of all kinds and sizes, whole and in fragments, with pings between.
func frames(t *testing.T, url string, tr *http.Transport) {
	c, res := socket(t, url, tr, websocket.CompressionDisabled)
	if c.Subprotocol() != "echo" || res.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("%s, sub-protocol %q", res.Status, c.Subprotocol())
	}
	large := make([]byte, 1<<20)
	for i := range large {
		large[i] = byte(rand.Uint32())
	}
	for _, m := range [][]byte{{}, []byte("hello"), []byte("h\u00e9\u00df"), bytes.Repeat([]byte("x"), 126), bytes.Repeat([]byte("y"), 1<<16)} {
		echoed(t, c, websocket.MessageText, m)
	}
	echoed(t, c, websocket.MessageBinary, large)
	echoed(t, c, websocket.MessageBinary, large[:1], large[1:2000], nil, large[2000:])
	echoed(t, c, websocket.MessageText, []byte("in "), []byte("three "), []byte("parts"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	reading := c.CloseRead(ctx) // a pong is noticed by who reads
	for range 3 {
		if err := c.Ping(reading); err != nil {
			t.Errorf("ping: %v", err)
		}
	}
	_ = c.CloseNow()
	<-reading.Done()
}

// closes: either side's code and reason reach the other.
func closes(t *testing.T, url string, tr *http.Transport) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c, _ := socket(t, url, tr, websocket.CompressionDisabled)
	if err := c.Write(ctx, websocket.MessageText, []byte("close me")); err != nil {
		t.Fatal(err)
	}
	var ce websocket.CloseError
	if _, _, err := c.Read(ctx); !errors.As(err, &ce) || ce.Code != 4001 || ce.Reason != "as you wish" {
		t.Errorf("the server closed: %v", err)
	}
	c, _ = socket(t, url, tr, websocket.CompressionDisabled)
	if err := c.Close(4002, "enough"); err != nil { // it has heard the server's answer to it
		t.Errorf("the client closed: %v", err)
	}
}

// compressed: permessage-deflate is between client and server, and its bytes
// are theirs.
func compressed(t *testing.T, url string, tr *http.Transport) {
	var in, out atomic.Int64
	tr = tr.Clone()
	t.Cleanup(tr.CloseIdleConnections)
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return counted{c, &in, &out}, err
	}
	c, res := socket(t, url, tr, websocket.CompressionContextTakeover)
	if x := res.Header.Get("Sec-Websocket-Extensions"); !strings.HasPrefix(x, "permessage-deflate") {
		t.Errorf("extensions %q", x)
	}
	before := out.Load() + in.Load()
	for range 3 {
		echoed(t, c, websocket.MessageText, bytes.Repeat([]byte("very much the same "), 50_000))
	}
	if n := out.Load() + in.Load() - before; n > 6*950_000/20 {
		t.Errorf("6 messages of 950 kB were %d bytes on the wire", n)
	}
	_ = c.CloseNow()
}

// TestTunnelIdle: a tunnel on which nothing moves ends, and is in the books; one
// that the server's stall limit is shorter for does not.
func TestTunnelIdle(t *testing.T) {
	t.Parallel()
	a := origin(t, sockets)
	for _, c := range []struct {
		name        string
		idle, stall time.Duration
		ends        bool
	}{
		{"idle", 200 * time.Millisecond, time.Hour, true},
		{"stall", time.Hour, 200 * time.Millisecond, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out syncBuffer
			set := all(poolWith(t, upstream.Settings{}, PoolSettings{Stall: c.stall}, a))
			set.Limits.TunnelIdle = c.idle
			s, addr := startWith(t, Options{Access: NewAccessLog(&out, true)}, set)
			tr := &http.Transport{}
			t.Cleanup(tr.CloseIdleConnections)
			ws, _ := socket(t, "ws://"+addr+"/", tr, websocket.CompressionDisabled)
			echoed(t, ws, websocket.MessageText, []byte("hello"))
			if !c.ends {
				time.Sleep(1500 * time.Millisecond) // the limit, and deadlineStep
				echoed(t, ws, websocket.MessageText, []byte("still there"))
				_ = ws.CloseNow()
			} else if _, _, err := ws.Read(t.Context()); err == nil {
				t.Error("somebody spoke")
			}
			within(t, func() bool { return s.Count.Read().Active == 0 && strings.Contains(out.String(), "\n") })
			if n := s.Count.Read().Classes[1]; n != 1 || !strings.Contains(out.String(), `"status":101`) {
				t.Errorf("%d tunnels are counted; logged %s", n, out.String())
			}
		})
	}
}

// TestTunnelsAndDrains: tunnels at a server that is drained go on, and new ones
// go elsewhere; the end of wye waits for them as long as it is told to.
func TestTunnelsAndDrains(t *testing.T) {
	t.Parallel()
	p := poolWith(t, upstream.Settings{Policy: upstream.First}, PoolSettings{}, origin(t, sockets), origin(t, sockets))
	s, addr := start(t, all(p))
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	at := func(i int) int64 { return p.View(p.Now())[i].Active }
	old, _ := socket(t, "ws://"+addr+"/", tr, websocket.CompressionDisabled)
	echoed(t, old, websocket.MessageText, []byte("hello"))
	if at(0) != 1 {
		t.Fatal("the first server has no tunnel")
	}
	p.Upstreams()[0].Drain(true)
	fresh, _ := socket(t, "ws://"+addr+"/", tr, websocket.CompressionDisabled)
	echoed(t, fresh, websocket.MessageText, []byte("hello"))
	echoed(t, old, websocket.MessageText, []byte("still at the first"))
	if at(0) != 1 || at(1) != 1 {
		t.Errorf("tunnels at the servers: %d and %d", at(0), at(1))
	}
	_ = old.Close(websocket.StatusNormalClosure, "")
	within(t, func() bool { return at(0) == 0 })

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(ctx) }()
	<-s.open.Done()
	echoed(t, fresh, websocket.MessageText, []byte("while wye drains"))
	if err := <-ended; !errors.Is(err, errNotSettled) {
		t.Errorf("the drain ended with %v, with a tunnel open", err)
	}
	_ = s.Close()
	if _, _, err := fresh.Read(t.Context()); err == nil {
		t.Error("somebody spoke after the end")
	}
}
