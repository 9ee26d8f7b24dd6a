package session

import (
	"fmt"
	"strconv"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/copysplit"
)

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
		err = s.follow(list, err, true, func() error {
			for _, m := range list {
				n, err := s.copyOutOf(m, join, part, &begun)
				if err != nil {
					return err
				}
				rows += n
				part++
			}
			return nil
		})
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
	if err := s.begins(m); err != nil {
		return 0, err
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
