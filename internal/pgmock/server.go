package pgmock

import (
	"errors"
	"net"
	"sync"
)

// Server plays one script on each connection it accepts.
type Server struct {
	listener net.Listener
	script   func(*Peer) error
	accepted sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	errs  []error
}

// Listen starts a server on a free port of the loopback interface. The
// connection is closed when its script returns.
func Listen(script func(*Peer) error) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return Serve(l, script), nil
}

// Serve is Listen with a listener of the caller's, which the server owns from
// now on.
func Serve(l net.Listener, script func(*Peer) error) *Server {
	s := &Server{listener: l, script: script, conns: map[net.Conn]struct{}{}}
	s.accepted.Add(1)
	go s.accept()
	return s
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

func (s *Server) accept() {
	defer s.accepted.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = struct{}{}
		s.mu.Unlock()
		s.accepted.Add(1)
		go s.play(conn)
	}
}

func (s *Server) play(conn net.Conn) {
	defer s.accepted.Done()
	err := s.script(&Peer{conn})
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	if err != nil {
		s.errs = append(s.errs, err)
	}
}

// KillAll closes every connection in the middle of whatever it does, and
// returns how many there were.
func (s *Server) KillAll() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
	return len(s.conns)
}

// KillOne closes one connection, whichever, and reports whether there was
// one.
func (s *Server) KillOne() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
		return true
	}
	return false
}

// Close stops listening, closes all connections, waits for the scripts and
// returns their errors. An error of a connection that was closed here is one
// too: a script that is to be interrupted should return nil for it.
func (s *Server) Close() error {
	_ = s.listener.Close()
	s.KillAll()
	s.accepted.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.errs...)
}
