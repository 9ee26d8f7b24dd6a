package h1serve

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// Server serves conns until Shutdown or Close. Its fields are to be set before
// its use, and not changed then. Safe for concurrent use.
type Server struct {
	Handler  http.Handler
	As       *http.Server        // what handlers find as http.ServerContextKey
	HeadTime time.Duration       // for a head, from its first byte; for the first one from the conn's beginning
	IdleTime time.Duration       // between two requests
	MaxHead  int                 // bytes of a head, or of a trailer
	OnFault  func(*strict.Fault) // told of every malformed request; nil: nobody is
	Log      *slog.Logger

	closing atomic.Bool
	mu      sync.Mutex
	conns   map[*conn]bool
	closed  bool // by Close
}

// Serve serves a conn on the caller's goroutine and closes it at the end,
// unless a handler has hijacked it. state is what a TLS handshake has settled;
// nil is no TLS.
func (s *Server) Serve(nc net.Conn, state *tls.ConnectionState) {
	c := newConn(s, nc, state)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		_ = nc.Close()
		return
	}
	if s.conns == nil {
		s.conns = map[*conn]bool{}
	}
	s.conns[c] = true
	s.mu.Unlock()
	defer s.forget(c)
	c.serve()
}

// forget takes a conn off the books: it has ended, or is a handler's.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Server) all() (all []*conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

// lastCall is how long a conn without a request still has for one when the
// server shuts down: it may be on its way.
const lastCall = 50 * time.Millisecond

// Shutdown ends every conn after the request that is under way on it, and
// returns when there are none, or with ctx's error. What was hijacked is not
// waited for.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Store(true)
	for _, c := range s.all() {
		c.hurry()
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(s.all()) > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// Close ends every conn at once, and those that come later.
func (s *Server) Close() {
	s.closing.Store(true)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.all() {
		_ = c.nc.Close()
	}
}
