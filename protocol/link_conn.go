package protocol

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
)

// connLink is a Link over any net.Conn.
type connLink struct {
	net.Conn
	socket *socket // under a client's TLS, else nil
	first  [1]byte
	failed atomic.Bool // a Send has
}

func newConnLink(c net.Conn) *connLink {
	l := &connLink{Conn: c}
	if t, ok := c.(*tls.Conn); ok {
		l.socket, _ = t.NetConn().(*socket)
	}
	return l
}

// blockingSend is the most that connLink writes without reading at the same
// time: less than any kernel's buffers of one connection, so that a peer
// that had read everything before always takes it.
const blockingSend = 32 << 10

func (l *connLink) NetConn() net.Conn { return l.Conn }

func (l *connLink) Recv(buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, io.ErrShortBuffer
	}
	for {
		n, err := l.Conn.Read(buf)
		if n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

func (l *connLink) Send(out []byte) error {
	_, err := l.Conn.Write(out)
	if err != nil {
		l.failed.Store(true)
	}
	return err
}

// Close says good-bye in TLS, but not to a peer that takes nothing: TLS would
// wait five seconds for it.
func (l *connLink) Close() error {
	if l.failed.Load() {
		return socketOf(l.Conn).Close()
	}
	return l.Conn.Close()
}

func (l *connLink) Exchange(out, buf []byte) (int, error) {
	if len(out) > blockingSend {
		return 0, &Blocked{Rest: out}
	}
	if err := l.Send(out); err != nil {
		return 0, err
	}
	return l.Recv(buf)
}

// Await waits, under TLS, for a single byte: it cannot know of the input
// without reading some of it, and an idle client is to hold no buffer of
// ours. What TLS has decrypted besides is read without waiting for more.
func (l *connLink) Await(w Waiter) error {
	if out := w.Pending(); len(out) > 0 {
		if err := l.Send(out); err != nil {
			return err
		}
	}
	w.Sent()
	if l.socket == nil {
		n, err := l.Recv(w.Room())
		w.Filled(n)
		return err
	}
	n, err := l.Recv(l.first[:])
	if err != nil {
		return err
	}
	room := w.Room()
	copy(room, l.first[:n])
	w.Filled(n + l.readMore(room[n:]))
	return nil
}

// readMore reads what TLS can give without reading from the socket. An error
// is not lost: TLS gives it again to the next read.
func (l *connLink) readMore(buf []byte) int {
	if len(buf) == 0 {
		return 0
	}
	l.socket.dry = true
	n, _ := l.Conn.Read(buf)
	l.socket.dry = false
	return n
}

// socket is the connection under a client's TLS. Its fields belong to the
// goroutine that reads.
type socket struct {
	net.Conn
	first []byte // was read before TLS began, and is part of it
	dry   bool   // reads return errDry instead of waiting
}

func (s *socket) Read(b []byte) (int, error) {
	if len(s.first) > 0 {
		n := copy(b, s.first)
		s.first = s.first[n:]
		return n, nil
	}
	if s.dry {
		return 0, errDry
	}
	return s.Conn.Read(b)
}

// NetConn returns the connection underneath, for Hangups.
func (s *socket) NetConn() net.Conn { return s.Conn }

// errDry is temporary, so TLS goes on from where it was with the next read
// (crypto/tls keeps errors for good unless Temporary says otherwise).
var errDry net.Error = dryError{}

type dryError struct{}

func (dryError) Error() string   { return "nothing to read yet" }
func (dryError) Timeout() bool   { return true }
func (dryError) Temporary() bool { return true }
