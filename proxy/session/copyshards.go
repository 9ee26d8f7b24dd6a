package session

import (
	"fmt"
	"io"
	"strconv"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/copysplit"
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

// copyIn is a COPY FROM under way.
type copyIn struct {
	session *Session
	plan    *plan.CopyIn
	split   *copysplit.Splitter // nil: every byte goes to every member
	members []*member
	index   []int // of the members by shard
	out     [][]byte
	headed  bool
	rows    int64
}

func (s *Session) newCopyIn(p *plan.CopyIn) (*copyIn, error) {
	c := &copyIn{session: s, plan: p, index: make([]int, len(s.shards.all.List)), out: make([][]byte, p.Shards.Len())}
	n := 0
	for k := range p.Shards.Each {
		c.index[k] = n
		n++
	}
	if p.Reference {
		return c, nil
	}
	split, err := copysplit.New(copyFormat(p.Format), p.Key, p.Columns)
	if err != nil {
		return nil, err
	}
	c.split = split
	return c, nil
}

func copyFormat(f plan.CopyFormat) copysplit.Format {
	return copysplit.Format{
		Binary: f.Binary, CSV: f.CSV, Header: f.Header, Delimiter: f.Delimiter, Quote: f.Quote, Esc: f.Esc, Null: f.Null,
		ForceNull: f.ForceNull, ForceNotNul: f.ForceNotNul,
	}
}

// feedCopy passes the client's data on until it ends. err is what went wrong
// when the copy was begun.
func (s *Session) feedCopy(c *copyIn, err error) error {
	for _, m := range c.members {
		if err != nil {
			break
		}
		var goes bool
		if goes, err = m.stream.Described(); err != nil {
			err = errClient{s.memberError(m, err)}
		} else if !goes {
			err = errClient{m.stream.Refusal}
		}
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
		in := s.client.Input()
		typ, total, ok, err := protocol.PeekClient(in)
		switch {
		case err != nil:
			return failed, err
		case ok && typ == 'd' && total > maxCopyChunk:
			return failed, pgerror.Fatal(pgerror.ProtocolViolation, "a CopyData message is too long for a sharded cluster")
		case !ok || len(in) < total:
			if ok && total > s.client.Room() {
				s.client.Grow(total)
			}
			if err := s.filled(s.fill()); err != nil {
				return failed, err
			}
			continue
		}
		body := in[protocol.HeaderLen:total]
		s.tally.Received += int64(total)
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

// take splits a piece of the data.
func (c *copyIn) take(chunk []byte) error {
	if c.split == nil {
		for i := range c.members {
			c.out[i] = append(c.out[i], chunk...)
			if err := c.flush(i, false); err != nil {
				return err
			}
		}
		return nil
	}
	c.split.Write(chunk)
	return c.rowsOut()
}

// rowsOut sends on the rows that are whole.
func (c *copyIn) rowsOut() error {
	for {
		row, key, err := c.split.Next()
		switch {
		case err == copysplit.ErrMore || err == io.EOF:
			return nil
		case err != nil:
			return asCopyError(err)
		}
		c.head()
		c.rows++
		k, err := c.shardOf(key)
		if err != nil {
			return err
		}
		i := c.index[k]
		c.out[i] = append(c.out[i], row...)
		if err := c.flush(i, false); err != nil {
			return err
		}
	}
}

// head gives every shard what stands before the rows.
func (c *copyIn) head() {
	if c.headed {
		return
	}
	c.headed = true
	for i := range c.out {
		c.out[i] = append(c.out[i], c.split.Header()...)
	}
}

// shardOf finds where a row goes.
func (c *copyIn) shardOf(key [][]byte) (int, error) {
	args := make([]plan.Arg, len(key))
	for i, v := range key {
		args[i] = plan.Arg{Value: v, Null: v == nil}
		if c.plan.Format.Binary {
			args[i].Format = 1
		}
	}
	k, refusal := c.session.shards.all.Planner.Locate(c.plan.Schema, c.plan.Table, args)
	if refusal != nil {
		return 0, errClient{refusal.WithDetail("COPY " + c.plan.Table + ", row " + strconv.FormatInt(c.rows, 10))}
	}
	if !c.plan.Shards.Has(k) {
		return 0, errClient{pgerror.New(pgerror.InternalError, "a row of a COPY belongs to a shard that does not take part")}
	}
	return k, nil
}

// finish sends what is left, and what stands behind the rows.
func (c *copyIn) finish() error {
	if c.split != nil {
		c.split.Close()
		if err := c.rowsOut(); err != nil {
			return err
		}
		c.head()
		for i := range c.out {
			c.out[i] = append(c.out[i], c.split.Trailer()...)
		}
	}
	for i := range c.out {
		if err := c.flush(i, true); err != nil {
			return err
		}
	}
	return nil
}

// flush sends a member its rows when they have become many, or are the last.
func (c *copyIn) flush(i int, last bool) error {
	const enough = 32 << 10
	if len(c.out[i]) == 0 || !last && len(c.out[i]) < enough {
		return nil
	}
	m := c.members[i]
	err := m.conn.Send(copyFrame(nil, c.out[i]))
	c.out[i] = c.out[i][:0]
	if err != nil {
		return errClient{c.session.memberError(m, err)}
	}
	return nil
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

func asCopyError(err error) error {
	if refusal, ok := asRefusal(err); ok {
		return errClient{refusal}
	}
	return errClient{pgerror.New("22P04", err.Error())}
}

// copyOutOrder is COPY TO STDOUT from several shards.
func (s *Session) copyOutOrder(o *order, p *plan.CopyOut) error {
	if p.From != nil {
		return s.copyRowsOrder(o, p)
	}
	join, err := copysplit.NewJoiner(copyFormat(p.Format), shardCount(p.Legs))
	if err != nil {
		return asCopyError(err)
	}
	part := 0
	begun, rows := false, int64(0)
	for i := range p.Legs {
		l := &p.Legs[i]
		list, err := s.launch(l, protocol.AppendQuery(nil, l.SQL), s.readersFor(plan.Primary))
		s.cancelable(conns(list))
		for _, m := range list {
			if err == nil {
				var n int64
				n, err = s.copyOutOf(m, join, part, &begun)
				rows += n
				part++
			}
		}
		s.cancelable(nil)
		if settled := s.settleStreams(list, err == nil); err == nil {
			err = settled
		}
		if err != nil {
			return err
		}
	}
	if end := join.Trailer(); len(end) > 0 {
		s.edited(copyFrame(s.edit(), end))
	}
	s.edited(protocol.AppendFrame(s.edit(), 'c'))
	s.emitTag(fmt.Sprintf("COPY %d", rows))
	return nil
}

// copyOutOf passes on what one member gives.
func (s *Session) copyOutOf(m *member, join *copysplit.Joiner, part int, begun *bool) (rows int64, err error) {
	st := m.stream
	goes, err := st.Described()
	switch {
	case err != nil:
		return 0, errClient{s.memberError(m, err)}
	case !goes:
		return 0, errClient{st.Refusal}
	}
	if !*begun {
		*begun = true
		s.edited(protocol.AppendFrame(s.edit(), 'H', st.CopyOut...))
	}
	for {
		chunk, err := st.Copied()
		switch {
		case err != nil:
			return 0, errClient{s.memberError(m, err)}
		case chunk == nil && st.Refusal != nil:
			return 0, errClient{st.Refusal}
		case chunk == nil:
			n, _ := strconv.ParseInt(tagCount(st.Tag), 10, 64)
			return n, join.End(part)
		}
		piece, err := join.Write(part, chunk)
		if err != nil {
			return 0, asCopyError(err)
		}
		if len(piece) > 0 {
			s.edited(copyFrame(s.edit(), piece))
			if err := s.emit(); err != nil {
				return 0, err
			}
		}
	}
}

// shardCount is how many answers the legs give.
func shardCount(legs []plan.Leg) (n int) {
	for i := range legs {
		n += legs[i].Shards.Len()
	}
	return n
}

// passCopy passes on a COPY TO of one shard.
func (s *Session) passCopy(m *member) error {
	st := m.stream
	s.edited(protocol.AppendFrame(s.edit(), 'H', st.CopyOut...))
	for {
		chunk, err := st.Copied()
		switch {
		case err != nil:
			return errClient{s.memberError(m, err)}
		case chunk == nil && st.Refusal != nil:
			return errClient{st.Refusal}
		case chunk == nil:
			s.edited(protocol.AppendFrame(s.edit(), 'c'))
			s.emitTag(st.Tag)
			return nil
		}
		s.edited(copyFrame(s.edit(), chunk))
		if err := s.emit(); err != nil {
			return err
		}
	}
}

// tagCount is the number at the end of a command tag.
func tagCount(tag string) string {
	for i := len(tag) - 1; i >= 0; i-- {
		if tag[i] == ' ' {
			return tag[i+1:]
		}
	}
	return ""
}
