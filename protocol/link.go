package protocol

import (
	"errors"
	"net"
	"time"
)

// Link moves bytes to and from one peer. At any time one goroutine may be in
// a receiving call (Recv, Exchange, Await) and one in Send. Exchange, and
// Await when its Waiter has something pending, send too: no Send meanwhile.
//
// Two implementations: rawLink for plain TCP and Unix sockets on Linux, and
// connLink over any net.Conn (TLS, net.Pipe, other systems).
type Link interface {
	// Recv waits for bytes and reads them into buf, which must have room: 0
	// bytes is an error.
	Recv(buf []byte) (int, error)

	// Send writes all of out.
	Send(out []byte) error

	// Exchange writes out, then waits for the answer and reads its first
	// bytes into buf. It is for a peer that speaks only after us, and that
	// has read all we sent it before. When the peer does not take all of out
	// at once, it reads nothing and returns a *Blocked with the rest: the
	// peer may be waiting for us to read, so both directions must be pumped.
	Exchange(out, buf []byte) (int, error)

	// Await writes what w has to say, then waits for input. Over a socket,
	// with TLS or without, it holds no buffer while it waits.
	Await(w Waiter) error

	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error

	// NetConn returns the connection underneath.
	NetConn() net.Conn

	// Close ends both directions; calls under way return an error.
	Close() error
}

// Waiter is the side of a connection that waits long and often (a client's).
type Waiter interface {
	// Pending returns bytes to send before waiting.
	Pending() []byte
	// Sent is called when they have been sent.
	Sent()
	// Room lends a buffer of at least a byte to read into; Filled takes it
	// back with n bytes in it, n = 0 when there was nothing to read yet.
	Room() []byte
	Filled(n int)
}

// Blocked is the error of an Exchange whose peer is not reading.
type Blocked struct{ Rest []byte }

func (b *Blocked) Error() string { return "peer does not read" }

// IsTimeout reports whether err is a deadline that has passed.
func IsTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// NewLink returns the cheapest link for c, which it owns from now on.
func NewLink(c net.Conn) Link {
	if l := newRawLink(c); l != nil {
		return l
	}
	return newConnLink(c)
}

// socketOf finds the socket under TLS and other wrappers.
func socketOf(conn net.Conn) net.Conn {
	for {
		inner, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return conn
		}
		conn = inner.NetConn()
	}
}
