package tcpproxy

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// hello is a client's first TLS message, and all bytes that were read for it.
type hello struct {
	read []byte
	name string // that it asks for, "" if none
}

// helloMost bounds what is read for it, in bytes: those of browsers have less
// than 4 KiB.
const helloMost = 32 << 10

var (
	errNoTLS      = errors.New("it does not begin with TLS")
	errHelloLong  = errors.New("its TLS hello is too long")
	errEnoughRead = errors.New("enough read") // ends the handshake
)

// peekHello reads a client hello, whatever first has of it, and answers
// nothing. The standard library takes it apart, on a connection that records
// what is read and drops what is said.
func peekHello(conn net.Conn, first []byte) (hello, error) {
	r := &recorder{conn: conn, have: first}
	var name string
	found := false
	err := tls.Server(r, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		found, name = true, h.ServerName
		return nil, errEnoughRead
	}}).Handshake()
	var record tls.RecordHeaderError
	switch {
	case found:
		return hello{r.have, name}, nil
	case errors.As(err, &record):
		err = errNoTLS
	}
	return hello{read: r.have}, err
}

// recorder is a connection that remembers what is read.
type recorder struct {
	conn net.Conn
	have []byte
	next int // of have, to be handed out
}

func (r *recorder) Read(b []byte) (int, error) {
	if r.next == len(r.have) {
		if len(r.have) >= helloMost {
			return 0, errHelloLong
		}
		buf := make([]byte, 2048)
		n, err := r.conn.Read(buf)
		if n == 0 {
			return 0, err
		}
		r.have = append(r.have, buf[:n]...)
	}
	n := copy(b, r.have[r.next:])
	r.next += n
	return n, nil
}

// What a tls.Conn needs beside Read: nothing of it touches the client.
func (r *recorder) Write(b []byte) (int, error)      { return len(b), nil }
func (r *recorder) Close() error                     { return nil }
func (r *recorder) LocalAddr() net.Addr              { return r.conn.LocalAddr() }
func (r *recorder) RemoteAddr() net.Addr             { return r.conn.RemoteAddr() }
func (r *recorder) SetDeadline(time.Time) error      { return nil }
func (r *recorder) SetReadDeadline(time.Time) error  { return nil }
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }

var _ io.Reader = (*recorder)(nil)
