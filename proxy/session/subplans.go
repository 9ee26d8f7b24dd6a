package session

import (
	"errors"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// runSubs runs what does not depend on the rest, and makes arguments of it.
func (s *Session) runSubs(o *order, subs []plan.Sub, d *Description, to func(int) *Reader) ([]plan.Arg, error) {
	var args []plan.Arg
	for i := range subs {
		a, err := s.runSub(o, &subs[i], d, to, args)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
	return args, nil
}

func (s *Session) runSub(o *order, sub *plan.Sub, d *Description, to func(int) *Reader, earlier []plan.Arg) (plan.Arg, error) {
	inner, err := s.runSubs(o, sub.Plan.Subs, d, to)
	if err != nil {
		return plan.Arg{}, err
	}
	if len(inner) == 0 {
		inner = earlier
	}
	c, err := s.answerOf(o, sub.Plan, d, inner, allBinary, to)
	if err != nil {
		return plan.Arg{}, err
	}
	if len(c.columns) == 0 {
		return plan.Arg{}, errors.New("a sub-plan has no column")
	}
	col := &c.columns[0]
	switch sub.Kind {
	case plan.SubExists:
		return boolArgOf(c.rows > 0), nil
	case plan.SubScalar:
		if c.rows > 1 {
			return plan.Arg{}, errClient{pgerror.New("21000", "more than one row returned by a subquery used as an expression")}
		}
		return col.scalar(), nil
	}
	return col.array(s.shards.all.Planner)
}

func boolArgOf(is bool) plan.Arg {
	const boolOID = 16
	a := plan.Arg{OID: boolOID, Format: 1, Value: []byte{0}}
	if is {
		a.Value[0] = 1
	}
	return a
}

// answerOf runs a whole plan and takes in the rows that its client would have
// seen, in these formats.
func (s *Session) answerOf(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, formats []byte, to func(int) *Reader) (*collection, error) {
	c := s.newCollection()
	switch {
	case p.Merge != nil:
		return c, s.collectMerged(o, p, d, subs, formats, to, c)
	case p.Fold != nil:
		return c, s.collectFolded(o, p, d, subs, formats, to, c)
	}
	if err := s.collectLegs(o, p.Legs, d, subs, to, c); err != nil {
		return nil, err
	}
	args, err := s.combineArgs(o, p, d, c)
	if err != nil {
		return nil, err
	}
	k := c.combineOn(p)
	l := plan.Leg{Shards: shards.One(k), SQL: p.Combine.SQL}
	list, err := s.launchArgs(&l, args, formats, to)
	out := s.newCollection()
	return out, s.follow(list, err, true, func() error { return s.collect(list[0], out, 0) })
}

// collectMerged takes in the rows of a tier A plan.
func (s *Session) collectMerged(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, formats []byte, to func(int) *Reader, c *collection) error {
	limiter, err := limiterOf(p.Merge, o.args)
	if err != nil {
		return errClientOf(err)
	}
	l := &p.Legs[0]
	list, err := s.launchLeg(l, o, s.parameterTypes(d), subs, formats, to)
	return s.follow(list, err, s.shards.gang.inTx(), func() error {
		_, err := s.takeMerged(p.Merge, list, limiter, func(row []byte) error {
			c.have(s.leadTypes(list[0].shard, list[0].stream.Columns), p.Merge.Hidden)
			return c.add(row[protocol.HeaderLen:], 0)
		})
		if err == nil {
			c.have(s.leadTypes(list[0].shard, list[0].stream.Columns), p.Merge.Hidden)
		}
		return err
	})
}

// have gives c columns of these types, without those at the end that only the
// merge wanted.
func (c *collection) have(types []uint32, hidden int) {
	if len(c.columns) > 0 {
		return
	}
	for _, oid := range types[:max(len(types)-hidden, 0)] {
		c.columns = append(c.columns, column{oid: oid})
	}
}
