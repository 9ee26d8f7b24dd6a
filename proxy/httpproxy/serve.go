package httpproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// handoff is a net.Listener of conns that are ready to be served.
type handoff struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
	addr  net.Addr
}

func newHandoff(addr net.Addr) *handoff {
	return &handoff{conns: make(chan net.Conn), ended: make(chan struct{}), addr: addr}
}

func (h *handoff) Addr() net.Addr { return h.addr }

func (h *handoff) Close() error {
	h.once.Do(func() { close(h.ended) })
	return nil
}

func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.ended:
		return nil, net.ErrClosed
	}
}

// give passes a conn on, or closes it when nobody serves any more.
func (h *handoff) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.ended:
		_ = c.Close()
	}
}

// Serve takes conns from l until Shutdown or Close, which close l.
func (s *Server) Serve(l net.Listener) error {
	h := newHandoff(l.Addr())
	var arriving sync.WaitGroup
	served := make(chan error, 1)
	go func() {
		served <- s.http.Serve(h)
		_ = l.Close()
	}()
	err := s.accept(l, h, &arriving)
	_ = h.Close()
	arriving.Wait()
	if end := <-served; err == nil && !errors.Is(end, http.ErrServerClosed) && !errors.Is(end, net.ErrClosed) {
		err = end
	}
	return err
}

// accept lets clients in until l is closed.
func (s *Server) accept(l net.Listener, h *handoff, arriving *sync.WaitGroup) error {
	pause := time.Millisecond
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil: // out of descriptors, say: do not spin
			s.log.Error("accept failed", "listener", s.site.Load().Name, "error", err.Error())
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		pause = time.Millisecond
		s.accepted.Add(1)
		s.welcome(c, h, arriving)
	}
}

// onFault counts requests that were malformed.
func (s *Server) onFault(f *strict.Fault) {
	s.malformed.Add(1)
	s.log.Debug("malformed request", "listener", s.site.Load().Name, "why", f.Error())
}

// tlsKey finds what a conn's handshake settled.
type tlsKey struct{}

// withTLS notes for HTTP/1.1 requests what net/http does not see below a
// strict.Conn.
func withTLS(ctx context.Context, c net.Conn) context.Context {
	sc, ok := c.(*strict.Conn)
	if !ok {
		return ctx
	}
	tc, ok := sc.Conn.(*tls.Conn)
	if !ok {
		return ctx
	}
	state := tc.ConnectionState()
	return context.WithValue(ctx, tlsKey{}, &state)
}

// Shutdown takes no more conns, ends those on which no request has come, and returns when the requests and tunnels under
// way have ended, or ctx has.
func (s *Server) Shutdown(ctx context.Context) error {
	s.shut()
	first := make(chan error, 1)
	go func() { first <- s.http1.Shutdown(ctx) }()
	second := s.http.Shutdown(ctx)
	if err := errors.Join(<-first, second); err != nil {
		return err
	}
	if err := s.wires.settle(ctx.Done()); err != nil {
		return err
	}
	s.stopMirrors()
	return nil
}

func (s *Server) stopMirrors() {
	if m := s.mirrors.Load(); m != nil {
		m.stop()
	}
}

// Close ends everything at once.
func (s *Server) Close() error {
	s.shut()
	err := s.http.Close()
	s.http1.Close()
	s.wires.cut()
	s.stopMirrors()
	return err
}

var errNotSettled = errors.New("tunnels are still open")
