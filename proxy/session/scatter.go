package session

import (
	"errors"
	"strconv"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/merge"
)

// scatterOrder reads from several shards.
func (s *Session) scatterOrder(o *order, p *plan.Scatter) error {
	if p.Fold != nil && s.known(o) == nil && len(p.Subs) == 0 && len(p.Legs[0].Args) == 0 {
		return s.foldOrder(o, p, nil, nil, s.readersFor(p.Role))
	}
	d, err := s.description(o, shardsOf(p.Legs).First())
	if err != nil {
		return err
	}
	return s.scatterDescribed(o, p, d)
}

// scatterDescribed reads from several shards what d describes.
func (s *Session) scatterDescribed(o *order, p *plan.Scatter, d *Description) error {
	to := s.readersFor(p.Role)
	subs, err := s.runSubs(o, p.Subs, d, to)
	if err != nil {
		return err
	}
	switch {
	case p.Merge != nil:
		return s.mergeOrder(o, p, d, subs, to)
	case p.Fold != nil:
		return s.foldOrder(o, p, d, subs, to)
	}
	return s.combineOrder(o, p, d, subs, to)
}

// mergeOrder is tier A: rows pass through, in order.
func (s *Session) mergeOrder(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, to func(int) *Reader) error {
	l := &p.Legs[0]
	limiter, err := limiterOf(p.Merge, o.args)
	if err != nil {
		return errClientOf(err)
	}
	visible := columnCount(d.Columns)
	formats := legFormats(o.formats, visible, p.Merge.Hidden)
	list, err := s.launchLeg(l, o, s.parameterTypes(d), subs, formats, to)
	return s.follow(list, err, s.shards.gang.inTx(), func() error {
		return s.mergeStreams(o, p.Merge, list, limiter, withFormats(d.Columns, o.formats))
	})
}

// mergeStreams passes the members' rows on, in order of the keys.
func (s *Session) mergeStreams(o *order, how *plan.Merge, list []*member, limiter *merge.Limiter, columns []byte) error {
	row, err := s.beginRows(o, columns)
	if err != nil {
		return err
	}
	sent, err := s.takeMerged(how, list, limiter, row)
	if err != nil {
		return err
	}
	return s.endRows(o, "SELECT "+strconv.Itoa(sent))
}

// takeMerged takes rows from the members in order of the keys, and counts
// those that it gives on.
func (s *Session) takeMerged(how *plan.Merge, list []*member, limiter *merge.Limiter, on func(row []byte) error) (sent int, err error) {
	for _, m := range list {
		if err := s.begins(m); err != nil {
			return 0, err
		}
	}
	give := func(row []byte) error {
		if !limiter.Take() {
			return nil
		}
		sent++
		cut, err := merge.Cut(row, how.Hidden)
		if err != nil {
			return err
		}
		return on(cut)
	}
	if len(how.Keys) == 0 {
		err = s.concatenate(list, limiter, give)
	} else {
		err = s.mergeSorted(how, list, limiter, give)
	}
	return sent, err
}

func (s *Session) concatenate(list []*member, limiter *merge.Limiter, give func([]byte) error) error {
	for _, m := range list {
		for !limiter.Done() {
			row, err := s.nextRow(m)
			if err != nil {
				return err
			}
			if row == nil {
				break
			}
			if err := give(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) mergeSorted(how *plan.Merge, list []*member, limiter *merge.Limiter, give func([]byte) error) error {
	keys, err := mergeKeys(how, list[0].stream.Columns)
	if err != nil {
		return err
	}
	m := merge.New(keys, len(list))
	for !limiter.Done() {
		if leg, needs := m.Need(); needs {
			row, err := s.nextRow(list[leg])
			if err != nil {
				return err
			}
			if row == nil {
				m.End(leg)
			} else if err := m.Push(leg, row); err != nil {
				return err
			}
			continue
		}
		_, row, ok := m.Pop()
		if !ok {
			return nil
		}
		if err := give(row); err != nil {
			return err
		}
	}
	return nil
}

// nextRow is the member's next row, nil at the end.
func (s *Session) nextRow(m *member) ([]byte, error) {
	row, err := m.stream.Next()
	switch {
	case err != nil:
		return nil, errClient{s.memberError(m, err)}
	case row == nil && m.stream.Refusal != nil:
		return nil, errClient{m.stream.Refusal}
	}
	return row, nil
}

// eachRow calls f with the member's rows, to the end.
func (s *Session) eachRow(m *member, f func(row []byte) error) error {
	for {
		row, err := s.nextRow(m)
		if row == nil || err != nil {
			return err
		}
		if err := f(row); err != nil {
			return err
		}
	}
}

// mergeKeys finds how the hidden columns are compared.
func mergeKeys(how *plan.Merge, columns []byte) ([]merge.Key, error) {
	types := columnTypes(columns)
	first := len(types) - how.Hidden
	if first < 0 || how.Hidden != len(how.Keys) {
		return nil, errors.New("a shard has other columns than were asked for")
	}
	keys := make([]merge.Key, how.Hidden)
	for i := range keys {
		c, ok := merge.ComparatorOf(types[first+i], true)
		if !ok {
			return nil, errClient{pgerror.Newf(pgerror.FeatureNotSupported, "cannot put rows of several shards in order by a column of type %d", types[first+i]).
				WithHint("Order by a number, a time, a uuid or text in collation C, or set wye.gather to on.")}
		}
		keys[i] = merge.Key{By: c, Desc: how.Keys[i].Desc, NullsFirst: how.Keys[i].NullsFirst}
	}
	return keys, nil
}

// errClientOf is an error that is for the client.
func errClientOf(err error) error {
	if refusal, ok := asRefusal(err); ok {
		return errClient{refusal}
	}
	return err
}

// shardsOf are all shards that the legs concern.
func shardsOf(legs []plan.Leg) (set shards.Set) {
	for i := range legs {
		set |= legs[i].Shards
	}
	return set
}
