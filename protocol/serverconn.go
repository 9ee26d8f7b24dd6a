package protocol

import (
	"net"
	"time"
)

// ServerConn is a connection to a PostgreSQL server, logged in. It is used
// by one goroutine at a time, except that one may send while another
// receives, and that any may call Interrupt or Close.
type ServerConn struct {
	link Link
	how  DialOptions // that it was dialled with, as far as a cancel request needs them

	Addr     string // host:port or unix:path it was dialled to
	TLS      bool
	PID      uint32 // of the server process, for cancelling
	Key      []byte
	Reported []Param // every ParameterStatus of the login, in order
	Status   byte    // transaction status of the last ReadyForQuery
}

// Recv waits for bytes and reads them into b's free space.
func (s *ServerConn) Recv(b *Buffer) error {
	n, err := s.link.Recv(b.Space())
	b.W += n
	return err
}

// Exchange writes out and waits for the first bytes of the answer; see
// Link.Exchange for when it may be used and for *Blocked.
func (s *ServerConn) Exchange(out []byte, b *Buffer) error {
	n, err := s.link.Exchange(out, b.Space())
	b.W += n
	return err
}

// Send writes all of out.
func (s *ServerConn) Send(out []byte) error { return s.link.Send(out) }

// Interrupt makes a Recv that waits, and every later one, return a timeout,
// until Resume.
func (s *ServerConn) Interrupt() { _ = s.link.SetReadDeadline(past) }

// Resume undoes Interrupt.
func (s *ServerConn) Resume() { _ = s.link.SetReadDeadline(time.Time{}) }

// SetDeadline bounds reads and writes; the zero time removes the bound.
func (s *ServerConn) SetDeadline(t time.Time) {
	_ = s.link.SetReadDeadline(t)
	_ = s.link.SetWriteDeadline(t)
}

// NetConn returns the connection underneath.
func (s *ServerConn) NetConn() net.Conn { return s.link.NetConn() }

// Close closes the socket without a word, and without waiting for anybody.
// PostgreSQL ends the session and rolls back what is open.
func (s *ServerConn) Close() error { return socketOf(s.NetConn()).Close() }

// terminateTimeout bounds the good-bye to a server that reads nothing.
const terminateTimeout = 100 * time.Millisecond

// Terminate says good-bye, then closes. The server must be idle: then its
// socket has room for the few bytes.
func (s *ServerConn) Terminate() {
	_ = s.link.SetWriteDeadline(time.Now().Add(terminateTimeout))
	_ = s.link.Send([]byte{'X', 0, 0, 0, 4})
	_ = s.Close()
}
