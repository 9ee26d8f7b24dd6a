package strict

import (
	"io"
	"net"
)

// Conn is a client's conn whose requests are scanned. Before a malformed head
// it puts bytes that no reader takes for a request, so that the standard
// library's server answers 400 in its turn; a malformed body ends in the Fault
// as a read error. Reads are one at a time, as with any conn of that server.
type Conn struct {
	net.Conn
	scan    Scanner
	preface int    // bytes of HTTP/2's preface seen; -1: not looked for (any more)
	raw     bool   // not HTTP/1.1 any more
	poison  string // what is still to be read in place of a malformed head
	fault   *Fault
	on      func(*Fault) // told once
}

// poison is no part of any request: a line that is no field, and the end.
const poison = "\x00\r\n\r\n"

// http2 is what a client that knows sends first (RFC 9113, 3.4).
const http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// NewConn scans c. With h2c, a client that begins in HTTP/2 is let through
// unseen. onFault, which may be nil, is told of a fault from Read.
func NewConn(c net.Conn, h2c bool, onFault func(*Fault)) *Conn {
	sc := &Conn{Conn: c, on: onFault}
	if !h2c {
		sc.preface = -1
	}
	return sc
}

// Raw stops the scan: what follows is not HTTP. Not during a Read.
func (c *Conn) Raw() { c.raw = true }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if c.raw || len(p) == 0 {
		return c.Conn.Read(p)
	}
	for c.fault == nil {
		n, err := c.Conn.Read(p)
		if n, fault := c.look(p[:n]); fault != nil {
			c.fail(fault)
			if n > 0 {
				return n, nil
			}
		} else if n > 0 || err != nil {
			return n, err
		}
	}
	switch {
	case len(c.poison) > 0:
		n := copy(p, c.poison)
		c.poison = c.poison[n:]
		return n, nil
	case c.fault.Body:
		return 0, c.fault
	}
	return 0, io.EOF
}

func (c *Conn) fail(f *Fault) {
	c.fault = f
	if !f.Body {
		c.poison = poison
	}
	if c.on != nil {
		c.on(f)
	}
}

// look scans p unless it begins HTTP/2.
func (c *Conn) look(p []byte) (int, *Fault) {
	if c.preface < 0 {
		return c.scan.Scan(p)
	}
	i := 0
	for i < len(p) && p[i] == http2[c.preface] {
		i++
		if c.preface++; c.preface == len(http2) {
			c.raw = true
			return len(p), nil
		}
	}
	if i == len(p) {
		return i, nil
	}
	// It looked like HTTP/2 for a while, all of which is a request line's.
	seen := http2[:c.preface-i]
	c.preface = -1
	if _, f := c.scan.Scan([]byte(seen)); f != nil {
		return 0, f
	}
	return c.scan.Scan(p)
}

// CloseWrite lets the standard library say that it will answer no more.
func (c *Conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}
