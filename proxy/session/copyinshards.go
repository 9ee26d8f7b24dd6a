package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
)

// maxCopyChunk bounds one CopyData of a client, in bytes.
const maxCopyChunk = 64 << 20

// copyInOrder is COPY FROM STDIN into a table on several shards: each row
// goes to the shard of its key, as its bytes are.
func (s *Session) copyInOrder(o *order, p *plan.CopyIn) error {
	g := &s.shards.gang
	if p.Shards.Len() > 1 && !g.inTx() {
		g.implicit = true
	}
	c, err := s.newCopyIn(p)
	if err != nil {
		return err
	}
	l := plan.Leg{Shards: p.Shards, SQL: p.SQL}
	list, err := s.launch(&l, protocol.AppendQuery(nil, p.SQL), nil)
	for _, m := range list {
		m.wrote = true
	}
	c.members = list
	return s.feedCopy(c, err)
}

// copyDirect is a COPY FROM STDIN that one shard has begun.
func (s *Session) copyDirect(m *member) error {
	m.wrote = true
	return s.feedCopy(&copyIn{session: s, members: []*member{m}, out: make([][]byte, 1)}, nil)
}

// feedCopy passes the client's data on until it ends. err is what went wrong
// when the copy was begun.
func (s *Session) feedCopy(c *copyIn, err error) error {
	for _, m := range c.members {
		if err != nil {
			break
		}
		err = s.begins(m)
	}
	if err != nil {
		return s.endCopy(c, err)
	}
	s.edited(protocol.AppendFrame(s.edit(), 'G', c.members[0].stream.CopyIn...))
	if err := s.sendEdited(); err != nil {
		return err
	}
	s.cancelable(conns(c.members))
	failed, gone := s.readCopy(c)
	s.cancelable(nil)
	if gone != nil {
		for _, m := range c.members {
			m.conn.Doom() // what the servers have of it must not be committed
		}
		return gone
	}
	return s.endCopy(c, failed)
}

// readCopy takes the client's messages up to CopyDone or CopyFail. failed is
// for the client; its data is read to the end all the same. gone: it is not
// there any more.
func (s *Session) readCopy(c *copyIn) (failed, gone error) {
	for {
		typ, total, err := s.copyMessage()
		if err != nil {
			return failed, err
		}
		body := s.client.Input()[protocol.HeaderLen:total]
		switch typ {
		case 'd':
			if failed == nil {
				failed = c.take(body)
			}
		case 'c':
			s.client.Consume(total)
			if failed == nil {
				failed = c.finish()
			}
			return failed, nil
		case 'f':
			text, _, _ := protocol.CString(body)
			if failed == nil {
				failed = errClient{pgerror.New(pgerror.QueryCanceled, "COPY from stdin failed: "+string(text))}
			}
			s.client.Consume(total)
			return failed, nil
		case 'H', 'S': // PostgreSQL ignores them here
		default:
			return failed, pgerror.Fatalf(pgerror.ProtocolViolation, "unexpected message type 0x%02X during COPY from stdin", typ)
		}
		s.client.Consume(total)
	}
}

// copyMessage waits for the whole of the client's next message, which stays in
// its input.
func (s *Session) copyMessage() (typ byte, total int, err error) {
	for {
		in := s.client.Input()
		typ, total, ok, err := protocol.PeekClient(in)
		switch {
		case err != nil:
			return 0, 0, err
		case ok && typ == 'd' && total > maxCopyChunk:
			return 0, 0, pgerror.Fatal(pgerror.ProtocolViolation, "a CopyData message is too long for a sharded cluster")
		case ok && len(in) >= total:
			s.tally.Received += int64(total)
			return typ, total, nil
		case ok && total > s.client.Room():
			s.client.Grow(total)
		}
		if err := s.filled(s.fill()); err != nil {
			return 0, 0, err
		}
	}
}

// endCopy tells the members that the data has ended, well or not, and the
// client what came of it.
func (s *Session) endCopy(c *copyIn, failed error) error {
	var tags []string
	for _, m := range c.members {
		if m.stream == nil {
			continue
		}
		if m.stream.CopyBegins {
			end := protocol.AppendFrame(nil, 'c')
			if failed != nil {
				end = protocol.AppendFrame(nil, 'f', append([]byte("the copy failed"), 0)...)
			}
			m.stream.CopyBegins = false
			if err := m.conn.Send(end); err != nil && failed == nil {
				failed = errClient{s.memberError(m, err)}
			}
		}
		if _, err := m.stream.Next(); err != nil && failed == nil {
			failed = errClient{s.memberError(m, err)}
		}
		if m.stream.Refusal != nil && failed == nil {
			failed = errClient{m.stream.Refusal}
		}
		tags = append(tags, m.stream.Tag)
	}
	if err := s.settleStreams(c.members, true); err != nil && failed == nil {
		failed = err
	}
	if failed != nil {
		return failed
	}
	tag := sumTags(tags)
	if c.plan != nil && c.plan.Reference {
		tag = tags[0]
	}
	s.emitTag(tag)
	return nil
}
