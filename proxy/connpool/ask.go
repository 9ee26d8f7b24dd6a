package connpool

import (
	"errors"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

const (
	askTimeout = 15 * time.Second // bounds the statements that wye itself runs
	maxAnswer  = 16 << 20         // bytes of one message in the answer
	maxUnasked = 1 << 20          // bytes of notifications kept meanwhile
)

// Ask sends a request of our own and reads its answer up to ReadyForQuery.
// Each column of each row goes to row (nil = NULL), valid during the call.
// It returns the transaction status; an ErrorResponse is returned as
// *pgerror.Error, after which the conn is still in step. After any other
// error, also when the server ends the session, it is not, and is doomed.
//
// The server must be ready and nothing else outstanding.
func (c *Conn) Ask(request []byte, row func(column int, value []byte)) (status byte, err error) {
	malformed := false
	status, err = c.Converse(request, func(typ byte, body []byte) {
		if typ == 'D' && row != nil && !protocol.DataRow(body, row) {
			malformed = true
		}
	})
	if malformed {
		c.Doom()
		return 0, errors.New("malformed row")
	}
	return status, err
}

// Converse is Ask for those who want to see every message of the answer; body
// is valid during the call.
func (c *Conn) Converse(request []byte, see func(typ byte, body []byte)) (status byte, err error) {
	c.SetDeadline(time.Now().Add(askTimeout))
	defer c.SetDeadline(time.Time{})
	buf := protocol.NewAnswerBuffer()
	defer buf.Release()
	c.Unnamed = 0
	if err := c.put(request, buf); err != nil {
		c.Doom()
		return 0, err
	}
	a := answer{conn: c, see: see}
	for {
		done, err := a.read(buf)
		if err == nil && !done {
			err = c.Recv(buf)
		}
		switch {
		case err != nil:
			c.Doom()
			return 0, err
		case done && a.refusal != nil:
			return c.Status, a.refusal
		case done:
			return c.Status, nil
		}
	}
}

// put sends the request. A server that does not take all of it at once is
// not waiting for us to read: it answers our statements when it has them.
func (c *Conn) put(request []byte, buf *protocol.Buffer) error {
	err := c.Exchange(request, buf)
	var blocked *protocol.Blocked
	if errors.As(err, &blocked) {
		return c.Send(blocked.Rest)
	}
	return err
}

// answer is what comes back for one Ask.
type answer struct {
	conn    *Conn
	see     func(typ byte, body []byte)
	refusal *pgerror.Error
	ready   bool
}

// read takes the whole messages in buf, and makes room for a longer one. A
// notification may follow ReadyForQuery: no part of it may be left behind.
func (a *answer) read(buf *protocol.Buffer) (done bool, err error) {
	for {
		b := buf.Unread()
		typ, total, ok, err := protocol.Peek(b)
		switch {
		case err != nil:
			return false, err
		case ok && total > maxAnswer:
			return false, fmt.Errorf("message %q of %d bytes in the answer to a statement of ours", typ, total)
		case !ok || len(b) < total:
			if len(b) == len(buf.B) {
				buf.Grow(min(total, 2*len(b))) // as the bytes come, not as they are announced
			}
			return a.ready && len(b) == 0, nil
		}
		if err := a.take(typ, b[:total]); err != nil {
			return false, err
		}
		buf.Consume(total)
	}
}

// take takes one message.
func (a *answer) take(typ byte, frame []byte) error {
	if a.ready && typ != 'A' && typ != 'N' && typ != 'S' && typ != 'E' {
		return fmt.Errorf("unexpected message %q behind the answer to a statement of ours", typ)
	}
	c, body := a.conn, frame[protocol.HeaderLen:]
	a.see(typ, body)
	switch typ {
	case 'E':
		e := pgerror.Parse(body)
		if e.IsFatal() || a.ready {
			return fmt.Errorf("server ended the session: %s", e.Error())
		}
		a.refusal = e
	case 'S':
		c.NoteReported(body)
	case 'A':
		if len(c.Unasked)+len(frame) <= maxUnasked {
			c.Unasked = append(c.Unasked, frame...)
		}
	case 'Z':
		if len(body) != 1 || body[0] != protocol.TxIdle && body[0] != protocol.TxOpen && body[0] != protocol.TxFailed {
			return errors.New("malformed ReadyForQuery")
		}
		c.Status = body[0]
		a.ready = true
	case '1', '2', '3', 'C', 'D', 'I', 'N', 'T', 'n', 't':
	default:
		return fmt.Errorf("unexpected message %q in the answer to a statement of ours", typ)
	}
	return nil
}
