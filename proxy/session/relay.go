package session

import (
	"bytes"
	"fmt"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
)

// relay looks at what the server has sent, frame by frame, by header: what
// goes to the client stays where it is and is counted in t.scan; what differs
// is put together in t.edited. It returns when it needs more bytes.
func (s *Session) relay() error {
	t := s.t
	for !t.copying && !t.replay.wanted { // also after the last ReadyForQuery: a notification may follow it
		b := t.answer.Unread()[t.scan:]
		if t.pass > 0 {
			n := min(t.pass, len(b))
			t.pass -= n
			t.scan += n
			if t.pass > 0 {
				return nil
			}
			continue
		}
		typ, total, ok, err := protocol.Peek(b)
		if err != nil {
			return err
		}
		if !ok {
			return nil
		}
		if len(b) < total {
			if stateful[typ] && total <= protocol.AnswerBuffer {
				return nil // look at it when it is whole
			}
			t.pass = total
			if !stateful[typ] {
				continue
			}
		}
		if typ == 'D' || typ == 'd' {
			t.scan += min(total, len(b))
			t.pass = total - min(total, len(b))
			continue
		}
		if err := s.look(typ, b[:min(total, len(b))], total); err != nil {
			return err
		}
	}
	return nil
}

// stateful are the messages whose contents matter to a session. All others
// pass by as bytes.
var stateful = func() (is [256]bool) {
	for _, typ := range []byte("ZESCIA123tnTsGWV") {
		is[typ] = true
	}
	return is
}()

// look handles one frame; frame may be cut short when it is huge.
func (s *Session) look(typ byte, frame []byte, total int) error {
	t := s.t
	body := frame[protocol.HeaderLen:]
	s.passFakes() // what was asked before comes first
	head := t.queue.first()
	switch typ {
	case 'Z':
		return s.ready(body, total)
	case 'E':
		return s.failed(body, total)
	case 'S':
		s.conn.NoteReported(body)
		if bytes.HasPrefix(body, []byte(inHotStandby+"\x00")) {
			s.drop(total) // what server it is is wye's business
			return nil
		}
		if s.change.any() {
			s.drop(total) // the client is told what the values are in the end
			return nil
		}
		s.told = s.conn.Reported
	case 'C', 'I', 's': // PortalSuspended: it ran as far as it was asked to
		if head != nil && head.do == skip && head.kind == 'E' {
			t.queue.pop()
			s.drop(total)
			return nil
		}
		s.completed(typ)
	case '1':
		return s.settle(head, 'P', total)
	case '2':
		return s.settle(head, 'B', total)
	case '3':
		return s.settle(head, 'C', total)
	case 'T', 'n':
		if head != nil && head.kind == 'D' {
			return s.described(head, typ, body, total)
		}
	case 't':
		if head != nil && head.do == skip {
			s.drop(total)
			return nil
		}
	case 'G':
		s.copyBegins()
	case 'W':
		return fmt.Errorf("server began a two-way copy outside of a replication session")
	}
	s.keep(total)
	s.passFakes()
	return nil
}

// inHotStandby is the parameter by which libpq knows a standby. Clients are
// not told of it as their statements go here and there.
const inHotStandby = "in_hot_standby"

// described handles the columns of a statement or portal: what a client was
// told of its own statement, and what the server has under the shared name.
func (s *Session) described(head *expect, typ byte, body []byte, total int) error {
	s.t.queue.pop()
	if head.stmt != nil && head.stmt.shared != nil {
		shape := connpool.NoColumns
		if typ == 'T' {
			shape = connpool.ShapeOf(body)
		}
		s.conn.SetShape(head.stmt.shared, shape)
		if head.do == forward {
			head.stmt.shape = shape
		}
	}
	s.passAnswer(head, total)
	return nil
}

// settle handles the short answers 1, 2 and 3.
func (s *Session) settle(head *expect, kind byte, total int) error {
	if head == nil || head.kind != kind {
		return fmt.Errorf("server sent the answer to %q out of turn", kind)
	}
	s.t.queue.pop()
	s.passAnswer(head, total)
	return nil
}
