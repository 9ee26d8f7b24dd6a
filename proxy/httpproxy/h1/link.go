package h1

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"time"
)

// link is what a conn can do below net.Conn.
type link interface {
	// quiet says whether the conn is open and has nothing to read. Deadlines are
	// gone afterwards, unless looks.
	quiet() bool
	// looks says whether ask itself looks if a used conn is quiet: if it is not,
	// nothing is sent, and the error is errStale.
	looks() bool
	// ask sends out, waits for as long as deadlines allow, and reads once into
	// buf. It returns how much was sent and read. Less than all of out and no
	// error: the rest is to be sent by Write. Nothing read and no error: it is
	// for others to wait and read.
	ask(out, buf []byte, used bool) (sent, n int, err error)
}

func newLink(c net.Conn) link {
	if t, ok := c.(*tls.Conn); ok {
		return &tlsLink{t, newLink(t.NetConn())}
	}
	if l := newRawLink(c); l != nil {
		return l
	}
	return slowLink{c}
}

// past is a deadline that has gone by.
var past = time.Unix(1, 0)

// tlsLink looks at what has been decrypted, and at the socket.
type tlsLink struct {
	conn  *tls.Conn
	under link
}

func (l *tlsLink) quiet() bool { return l.under.quiet() && silentUntil(l.conn, past) }

func (l *tlsLink) looks() bool { return false }

func (l *tlsLink) ask(out, _ []byte, _ bool) (sent, n int, err error) {
	sent, err = l.conn.Write(out)
	return sent, 0, err
}

// slowLink is of a conn that is no socket, and of systems without rawLink.
type slowLink struct{ net.Conn }

func (l slowLink) quiet() bool { return silentUntil(l.Conn, time.Now().Add(time.Millisecond)) }

func (l slowLink) looks() bool { return false }

func (l slowLink) ask(out, _ []byte, _ bool) (sent, n int, err error) {
	sent, err = l.Write(out)
	return sent, 0, err
}

// silentUntil says whether nothing comes until then: no byte, and no end. The
// deadline of reads is gone afterwards.
func silentUntil(c net.Conn, then time.Time) bool {
	if c.SetReadDeadline(then) != nil {
		return false
	}
	var one [1]byte
	n, err := c.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.SetDeadline(time.Time{}) == nil
}
