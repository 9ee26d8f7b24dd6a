package proxy

import (
	"net"
	"sync"
	"time"
)

// strangers are the connections whose owner has not logged in yet.
type strangers struct {
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	limit time.Time // for all of them, once the proxy stops
}

// arrive notes a connection, unless there are max already.
func (s *strangers) arrive(c net.Conn, max int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= max {
		return false
	}
	if s.conns == nil {
		s.conns = map[net.Conn]struct{}{}
	}
	s.conns[c] = struct{}{}
	return true
}

// bound sets the time by which the owner must have logged in.
func (s *strangers) bound(c net.Conn, by time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.limit.IsZero() && s.limit.Before(by) {
		by = s.limit
	}
	_ = c.SetDeadline(by)
}

// leave forgets a connection, and its time limit.
func (s *strangers) leave(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	_ = c.SetDeadline(time.Time{})
}

// hurry shortens the time of everyone: the proxy stops.
func (s *strangers) hurry(by time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = by
	for c := range s.conns {
		_ = c.SetDeadline(by)
	}
}

func (s *strangers) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
