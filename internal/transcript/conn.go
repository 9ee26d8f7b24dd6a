package transcript

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	stepTimeout = 15 * time.Second      // an answer that takes longer is a hang
	quietTime   = 50 * time.Millisecond // silence that ends a `? quiet`
	maxFrame    = 1 << 30               // MaxAllocSize in PostgreSQL's utils/memutils.h
)

type received struct {
	typ  byte
	body []byte
}

// conn is one named connection of a file. Its methods are called by the
// playing goroutine only; readFrames is the one other goroutine.
type conn struct {
	net    net.Conn
	in     *bufio.Reader
	login  login
	key    []byte // body of BackendKeyData
	frames chan received
	quit   chan struct{} // closed by drop
	done   chan struct{} // closed by readFrames
	closed bool          // the server has closed
}

func dial(addr, user, password string) (*conn, error) {
	nc, err := net.DialTimeout("tcp", addr, stepTimeout)
	if err != nil {
		return nil, err
	}
	return &conn{net: nc, in: bufio.NewReader(nc), login: login{user: user, password: password}}, nil
}

// readFrames runs from the first awaited message until the close.
func (c *conn) readFrames() {
	defer close(c.done)
	defer close(c.frames)
	for {
		var head [5]byte
		if _, err := io.ReadFull(c.in, head[:]); err != nil {
			return
		}
		n := int64(binary.BigEndian.Uint32(head[1:])) - 4
		if n < 0 || n > maxFrame {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(c.in, body); err != nil {
			return
		}
		select {
		case c.frames <- received{head[0], body}:
		case <-c.quit:
			return
		}
	}
}

// drop closes the socket and waits for the reader.
func (c *conn) drop() {
	c.net.Close()
	if c.frames != nil {
		close(c.quit)
		<-c.done
		c.frames = nil
	}
	c.closed = true
}

// firstByte reads the answer to SSLRequest or GSSENCRequest, which is no
// message. An E starts one and is left for the reader.
func (c *conn) firstByte() (string, bool) {
	if c.frames != nil {
		return "", false
	}
	c.net.SetReadDeadline(time.Now().Add(stepTimeout))
	defer c.net.SetReadDeadline(time.Time{})
	b, err := c.in.Peek(1)
	if err != nil || b[0] == 'E' {
		return "", false
	}
	_, _ = c.in.Discard(1)
	return "byte " + string(b), true
}

// wait says when an answer is complete.
type wait struct {
	kind  string // a message type, "closed", "quiet" or "none"
	count int
}

// read collects messages until w is met or the server closes.
func (c *conn) read(w wait) ([]received, error) {
	if c.closed || w.kind == "none" {
		return nil, nil
	}
	if c.frames == nil {
		c.frames, c.quit, c.done = make(chan received, 64), make(chan struct{}), make(chan struct{})
		go c.readFrames()
	}
	var out []received
	seen, end := 0, time.NewTimer(stepTimeout)
	defer end.Stop()
	for w.kind == "closed" || w.kind == "quiet" || seen < w.count {
		var quiet <-chan time.Time
		if w.kind == "quiet" {
			quiet = time.After(quietTime)
		}
		select {
		case m, ok := <-c.frames:
			if !ok {
				c.closed = true
				return out, nil
			}
			keep, err := c.take(m)
			if err != nil {
				return out, err
			}
			if keep {
				out = append(out, m)
			}
			if string(m.typ) == w.kind {
				seen++
			}
		case <-quiet:
			return out, nil
		case <-end.C:
			return out, fmt.Errorf("no %s %d after %s", w.kind, w.count, stepTimeout)
		}
	}
	return out, nil
}

// take looks at a message on its way: it keeps the cancel key and answers
// authentication, which no transcript shows.
func (c *conn) take(m received) (keep bool, err error) {
	switch m.typ {
	case 'K':
		c.key = m.body
	case 'R':
		if c.login.mute {
			return true, nil
		}
		reply, err := c.login.answer(m.body)
		if err != nil {
			return true, err
		}
		if reply != nil {
			_, err = c.net.Write(reply)
		}
		ok := len(m.body) == 4 && binary.BigEndian.Uint32(m.body) == 0
		return ok, err
	}
	return true, nil
}

// cancel sends a CancelRequest on a connection of its own and waits until the
// server has closed it: only then has the signal been sent.
func cancel(addr string, key []byte) error {
	if key == nil {
		return errors.New("there is no key to cancel with")
	}
	nc, err := net.DialTimeout("tcp", addr, stepTimeout)
	if err != nil {
		return err
	}
	defer nc.Close()
	out := binary.BigEndian.AppendUint32(nil, uint32(8+len(key)))
	out = binary.BigEndian.AppendUint32(out, 80877102) // CANCEL_REQUEST_CODE in libpq/pqcomm.h
	if _, err := nc.Write(append(out, key...)); err != nil {
		return err
	}
	nc.SetReadDeadline(time.Now().Add(stepTimeout))
	if b, err := io.ReadAll(nc); err != nil || len(b) > 0 {
		return fmt.Errorf("cancel answered %x, %v", b, err)
	}
	return nil
}
