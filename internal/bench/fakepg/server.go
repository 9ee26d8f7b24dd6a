//go:build linux

package fakepg

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wyeproxy/wye/internal/bench/poll"
)

// Server answers on two loopback ports, one for each role, until Close.
type Server struct {
	listeners [roles]net.Listener
	poll      *poll.Poll
	done      atomic.Bool
	unknown   atomic.Int64
	rows      [roles]atomic.Int64
	joined    sync.WaitGroup

	mu      sync.Mutex
	visits  map[net.Conn]struct{} // before the end of their startup
	serving map[int32]*conn       // by descriptor
}

// Start listens on free ports of 127.0.0.1.
func Start() (*Server, error) {
	p, err := poll.New()
	if err != nil {
		return nil, err
	}
	s := &Server{poll: p, visits: map[net.Conn]struct{}{}, serving: map[int32]*conn{}}
	for r := range roles {
		if s.listeners[r], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			s.Close()
			return nil, err
		}
		s.joined.Go(func() { s.accept(r) })
	}
	s.joined.Go(s.serve)
	return s, nil
}

// Addr is the "127.0.0.1:port" of a role.
func (s *Server) Addr(r Role) string { return s.listeners[r].Addr().String() }

// Rows is how many statements a role has answered with rows, without what wye
// asks for its own sake.
func (s *Server) Rows(r Role) int64 { return s.rows[r].Load() }

// Unknown is how many messages came that the server does not know.
func (s *Server) Unknown() int64 { return s.unknown.Load() }

// Close disconnects everybody and returns when all goroutines have ended.
func (s *Server) Close() {
	s.done.Store(true)
	for _, l := range s.listeners {
		if l != nil {
			l.Close()
		}
	}
	s.mu.Lock()
	for c := range s.visits {
		c.Close()
	}
	s.mu.Unlock()
	s.joined.Wait()
	for fd := range s.serving {
		_ = syscall.Close(int(fd))
	}
	s.poll.Close()
}

func (s *Server) accept(r Role) {
	for {
		c, err := s.listeners[r].Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.visits[c] = struct{}{}
		s.mu.Unlock()
		s.joined.Go(func() { s.welcome(c, r) })
	}
}

// welcome plays the startup and hands the socket to the epoll thread.
func (s *Server) welcome(c net.Conn, r Role) {
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	err := startup(c, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.visits, c)
	if err != nil || s.done.Load() {
		c.Close() // a cancel request, or nobody who speaks the protocol
		return
	}
	fd, err := poll.Detach(c)
	if err != nil {
		return
	}
	s.serving[int32(fd)] = &conn{fd: fd, role: r, status: 'I'}
	if err := s.poll.Add(fd, int32(fd), poll.Read); err != nil {
		s.drop(fd)
	}
}

// drop forgets a connection; the caller holds mu.
func (s *Server) drop(fd int) {
	delete(s.serving, int32(fd))
	_ = syscall.Close(fd) // epoll forgets it by itself
}

func (s *Server) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	in := make([]byte, 64<<10)
	for !s.done.Load() {
		ready, err := s.poll.Wait(50 * time.Millisecond)
		if err != nil {
			return
		}
		s.mu.Lock()
		for i := range ready {
			c := s.serving[ready[i].Fd]
			if c == nil {
				continue
			}
			if err := s.attend(c, in, ready[i].Events); err != nil {
				s.drop(c.fd)
			}
		}
		s.mu.Unlock()
	}
}

// attend reads requests unless answers to earlier ones still wait for the
// socket: a reader that stops is not read from either.
func (s *Server) attend(c *conn, in []byte, events uint32) error {
	if events&syscall.EPOLLOUT != 0 || len(c.out) > 0 {
		return s.flush(c)
	}
	n, err := poll.Recv(c.fd, in)
	if errors.Is(err, syscall.EAGAIN) {
		return nil
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	unknown, err := c.take(in[:n])
	if unknown > 0 {
		s.unknown.Add(int64(unknown))
	}
	s.rows[c.role].Add(int64(c.rows))
	c.rows = 0
	if err != nil {
		return err
	}
	return s.flush(c)
}

// flush writes what it can and waits for the socket to take the rest.
func (s *Server) flush(c *conn) error {
	n := 0
	for n < len(c.out) {
		wrote, err := poll.Send(c.fd, c.out[n:])
		if errors.Is(err, syscall.EAGAIN) {
			break
		}
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		n += wrote
	}
	c.out = c.out[:copy(c.out, c.out[n:])]
	if full := len(c.out) > 0; full != c.full {
		c.full = full
		want := poll.Read
		if full {
			want = poll.Write
		}
		return s.poll.Change(c.fd, int32(c.fd), want)
	}
	return nil
}
