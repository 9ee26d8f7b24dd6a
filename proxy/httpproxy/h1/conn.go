package h1

import (
	"io"
	"net"
	"os"
	"time"
)

// conn is one to a server. At a time it belongs to one exchange, or to the
// Carrier's unused ones.
type conn struct {
	net.Conn
	carrier *Carrier
	addr    string
	link    link
	cut     func() // closes it
	used    bool   // has carried a request before
	since   time.Time
	until   time.Time // the deadline that is set; zero is none
	wrote   bool      // a byte of the request under way was sent
	alone   bool      // until is of reads only

	buf  []byte // what has come is buf[r:w]
	r, w int
}

// bufSize is bufio's default; more is made for a longer head, and dropped after
// it.
const bufSize = 4 << 10

func newConn(c *Carrier, addr string, nc net.Conn) *conn {
	co := &conn{Conn: nc, carrier: c, addr: addr, link: newLink(nc), buf: make([]byte, bufSize)}
	co.cut = func() { _ = nc.Close() }
	return co
}

// slack is how much later than wanted a deadline may be: each costs a timer.
func slack(d time.Duration) time.Duration { return min(time.Second, d/8) }

// within bounds what comes next on the conn: d from now, and slack. Nobody
// else sets deadlines meanwhile.
func (c *conn) within(d time.Duration) error {
	if d <= 0 {
		return os.ErrDeadlineExceeded
	}
	now := time.Now()
	least := now.Add(d)
	most := least.Add(slack(d))
	if !c.until.Before(least) && !c.until.After(most) {
		return nil
	}
	return c.setDeadline(most)
}

func (c *conn) setDeadline(t time.Time) error {
	c.until = t
	if c.alone {
		return c.SetReadDeadline(t)
	}
	return c.SetDeadline(t)
}

// forAnswer bounds the wait for a head by stall and by until.
func (c *conn) forAnswer(until time.Time) error {
	d := c.carrier.Stall
	if !until.IsZero() {
		if left := time.Until(until); d == 0 || left < d {
			return c.within(left)
		}
	}
	return c.moves()
}

// moves gives the conn the time to stall anew.
func (c *conn) moves() error {
	if d := c.carrier.Stall; d > 0 {
		return c.within(d)
	}
	if c.until.IsZero() {
		return nil
	}
	return c.setDeadline(time.Time{})
}

// buffered is what has come and is not read.
func (c *conn) buffered() []byte { return c.buf[c.r:c.w] }

// fill reads more behind what is buffered, once. io.ErrShortBuffer: no room.
func (c *conn) fill() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.w == len(c.buf) {
		if c.r == 0 {
			return io.ErrShortBuffer
		}
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	n, err := c.Conn.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// grow makes room for a head or a line of up to most bytes.
func (c *conn) grow(most int) error {
	held := c.w - c.r
	if held >= most {
		return errLongHead
	}
	bigger := make([]byte, min(2*len(c.buf), most))
	c.w = copy(bigger, c.buffered())
	c.r, c.buf = 0, bigger
	return nil
}

// shrink goes back to the usual buffer when what is buffered fits.
func (c *conn) shrink() {
	if len(c.buf) > bufSize && c.w-c.r <= bufSize {
		small := make([]byte, bufSize)
		c.w = copy(small, c.buffered())
		c.r, c.buf = 0, small
	}
}

// read is of a body: past the buffer when that is empty and p is no smaller.
func (c *conn) read(p []byte) (int, error) {
	if err := c.moves(); err != nil {
		return 0, err
	}
	if c.r == c.w {
		if len(p) >= len(c.buf) {
			return c.Conn.Read(p)
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.buffered())
	c.r += n
	return n, nil
}

// quiet says whether an unused conn is as it should be: open, with nothing to
// read. What comes unasked would be taken for the answer to the next request.
func (c *conn) quiet() bool {
	quiet := c.r == c.w && c.link.quiet()
	if !c.link.looks() {
		c.until = time.Time{} // to be set again, see link
	}
	return quiet
}
