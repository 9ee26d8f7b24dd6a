package protocol

import (
	"net"
	"time"
)

// ClientConn is the connection to an application, after its greeting. It is
// used by one goroutine at a time, except Interrupt, which any may call.
type ClientConn struct {
	link    Link
	in      *Buffer // what was read and not consumed; nil while idle
	pending *Buffer // an answer to send before the next wait
}

// NewClientConn takes over conn.
func NewClientConn(conn net.Conn) *ClientConn {
	return &ClientConn{link: NewLink(conn)}
}

// NetConn returns the connection underneath.
func (c *ClientConn) NetConn() net.Conn { return c.link.NetConn() }

// Input returns what has been read and not consumed. It is valid until the
// next Fill or Consume.
func (c *ClientConn) Input() []byte {
	if c.in == nil {
		return nil
	}
	return c.in.Unread()
}

// Consume drops n bytes of the input. When nothing is left, the buffer goes
// back to its pool: an idle client holds none.
func (c *ClientConn) Consume(n int) {
	c.in.Consume(n)
	if c.in.W == 0 {
		c.in.Release()
		c.in = nil
	}
}

// Fill waits for more input, after sending what is pending.
func (c *ClientConn) Fill() error { return c.link.Await((*clientWait)(c)) }

// Grow makes room for a frame of total bytes at the front of the input.
func (c *ClientConn) Grow(total int) { c.in.Grow(total) }

// Room is how many bytes the input buffer can hold without growing.
func (c *ClientConn) Room() int {
	if c.in == nil {
		return RequestBuffer
	}
	return len(c.in.B)
}

// Queue takes over b, whose unread bytes are sent before the next wait, or
// with the next Send or Flush. At most one buffer is queued: an older one is
// sent now.
func (c *ClientConn) Queue(b *Buffer) error {
	if err := c.Flush(); err != nil {
		b.Release()
		return err
	}
	c.pending = b
	return nil
}

// Flush sends what is queued.
func (c *ClientConn) Flush() error {
	if c.pending == nil {
		return nil
	}
	err := c.link.Send(c.pending.Unread())
	c.dropPending()
	return err
}

// Send writes out, after what is queued.
func (c *ClientConn) Send(out []byte) error {
	if err := c.Flush(); err != nil {
		return err
	}
	return c.link.Send(out)
}

func (c *ClientConn) dropPending() {
	if c.pending != nil {
		c.pending.Release()
		c.pending = nil
	}
}

// Interrupt makes a Fill that waits, and every later one, return a timeout,
// until Resume.
func (c *ClientConn) Interrupt() { _ = c.link.SetReadDeadline(past) }

// Resume undoes Interrupt.
func (c *ClientConn) Resume() { _ = c.link.SetReadDeadline(time.Time{}) }

// SetReadDeadline bounds the next reads.
func (c *ClientConn) SetReadDeadline(t time.Time) { _ = c.link.SetReadDeadline(t) }

// SetWriteDeadline bounds the next writes.
func (c *ClientConn) SetWriteDeadline(t time.Time) { _ = c.link.SetWriteDeadline(t) }

// Watch has h call left, once, when the application hangs up; see
// Hangups.Watch. A Fill then under way, or the next one, may return a timeout
// once, which Resume undoes.
func (c *ClientConn) Watch(h *Hangups, left func()) (stop func()) {
	link, ok := c.link.(stayer)
	if !ok {
		return h.Watch(c.NetConn(), left)
	}
	stop, watched := h.watchFor(c.NetConn(), func() {
		link.peerLeft()
		left()
		c.Interrupt()
	})
	if watched {
		link.mayStay()
	}
	return stop
}

// stayer is a Link that waits cheaper when it is told that its peer has hung
// up, and is then woken.
type stayer interface {
	mayStay()
	peerLeft()
}

// Sever ends whatever the connection is waiting for. Any goroutine may call
// it; Close must follow.
func (c *ClientConn) Sever() { _ = c.link.Close() }

// Close closes the connection and gives the buffers back. It must be called
// by the goroutine that reads; others use Interrupt or Sever.
func (c *ClientConn) Close() error {
	err := c.link.Close()
	c.dropPending()
	if c.in != nil {
		c.in.Release()
		c.in = nil
	}
	return err
}

// past is a deadline that has passed: the way to wake a blocked call.
var past = time.Unix(1, 0)

// clientWait is the Waiter of a ClientConn.
type clientWait ClientConn

func (w *clientWait) Pending() []byte {
	if w.pending == nil {
		return nil
	}
	return w.pending.Unread()
}

func (w *clientWait) Sent() { (*ClientConn)(w).dropPending() }

func (w *clientWait) Room() []byte {
	if w.in == nil {
		w.in = NewRequestBuffer()
	}
	return w.in.Space()
}

func (w *clientWait) Filled(n int) {
	w.in.W += n
	if w.in.W == 0 {
		w.in.Release()
		w.in = nil
	}
}

// Widen makes the input buffer as large as an answer's, for copy data.
func (c *ClientConn) Widen() {
	if c.in == nil || len(c.in.B) >= AnswerBuffer {
		return
	}
	wide := NewAnswerBuffer()
	wide.W = copy(wide.B, c.in.Unread())
	c.in.Release()
	c.in = wide
}
