package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// carryOrder is an INSERT ... SELECT whose rows belong to other shards than
// those that they come from: all are read before the first is written, as the
// statement's own snapshot has it.
func (s *Session) carryOrder(o *order, p *plan.Carry) error {
	if s.foreign() {
		return errClient{errEncoding} // the keys would come in the client's bytes
	}
	g := &s.shards.gang
	if !g.inTx() {
		g.implicit = true
	}
	d, err := s.description(o, shardsOf(p.From.Legs).First())
	if err != nil {
		return err
	}
	subs, err := s.runSubs(o, p.Subs, d, nil)
	if err != nil {
		return err
	}
	inner, err := s.runSubs(o, p.From.Subs, d, nil)
	if err != nil {
		return err
	}
	rows, err := s.answerOf(o, p.From, d, inner, allBinary, nil)
	if err != nil {
		return err
	}
	c := &cargo{session: s, order: o, plan: p, types: s.parameterTypes(d), rows: rows}
	b, all, err := c.load(subs)
	if err != nil {
		return err
	}
	if all.Len() > 1 && s.shards.all.Limits.Load().Writes == RefuseWrites {
		return errClient{errWritesRefused}
	}
	return b.run(all)
}

// cargo is rows on their way to their shards.
type cargo struct {
	session *Session
	order   *order
	plan    *plan.Carry
	types   []uint32
	rows    *collection
	key     []plan.Arg // of the row that is looked at
}

// load makes an INSERT for each shard.
func (c *cargo) load(subs []plan.Arg) (*broadcast, shards.Set, error) {
	for _, i := range c.plan.Columns {
		if i >= len(c.rows.columns) {
			return nil, 0, errDrift
		}
	}
	p := &plan.Broadcast{Tally: plan.TallySum, Ordered: c.plan.Ordered}
	b := &broadcast{session: c.session, order: c.order, plan: p, types: c.types, subs: subs}
	if c.plan.Key == nil {
		var all []int
		for i := range c.rows.rows {
			all = append(all, i)
		}
		if c.plan.Copies {
			p.Tally, p.Lead = plan.TallySame, true
		}
		return b, c.plan.Shards, c.add(b, c.plan.Shards, c.rows.columns, all)
	}
	piles, err := c.sort()
	if err != nil {
		return nil, 0, err
	}
	set := shards.Set(0)
	for k := range piles {
		if pile := &piles[k]; len(pile.rows) > 0 {
			set |= shards.One(k)
			if err := c.add(b, shards.One(k), pile.columns, pile.rows); err != nil {
				return nil, 0, err
			}
		}
	}
	if set == 0 { // somebody must say that nothing was inserted
		set = shards.One(0)
		err = c.add(b, set, c.rows.columns, nil)
	}
	return b, set, err
}

// pile is the rows of one shard, and which they were.
type pile struct {
	columns []column
	rows    []int
}

// sort puts each row on the pile of its shard.
func (c *cargo) sort() ([]pile, error) {
	piles := make([]pile, len(c.session.shards.all.List))
	c.key = c.fixedKey()
	rest := make([][]byte, len(c.rows.columns))
	for i := range rest {
		rest[i] = c.rows.columns[i].data
	}
	values := make([][]byte, len(rest)) // each with its length before it
	for row := range c.rows.rows {
		for i := range rest {
			values[i], rest[i] = cutValue(rest[i])
		}
		k, err := c.shardOf(values)
		if err != nil {
			return nil, err
		}
		pile := &piles[k]
		if pile.columns == nil {
			for i := range c.rows.columns {
				pile.columns = append(pile.columns, column{oid: c.rows.columns[i].oid})
			}
		}
		for i, v := range values {
			col := &pile.columns[i]
			col.n++
			col.nulls = col.nulls || isNullValue(v)
			col.data = append(col.data, v...)
		}
		pile.rows = append(pile.rows, row)
	}
	return piles, nil
}

// cutValue cuts the first value off a column's data, with its length.
func cutValue(data []byte) (value, rest []byte) {
	n := 4
	if size := int32(binary.BigEndian.Uint32(data)); size > 0 {
		n += int(size)
	}
	return data[:n], data[n:]
}

func isNullValue(v []byte) bool { return int32(binary.BigEndian.Uint32(v)) < 0 }

// fixedKey is the key with what is the same for all rows.
func (c *cargo) fixedKey() []plan.Arg {
	key := make([]plan.Arg, len(c.plan.Key))
	for i, k := range c.plan.Key {
		switch {
		case k.Column >= 0:
			key[i] = plan.Arg{Format: 1, OID: c.rows.columns[k.Column].oid}
		case k.Param > 0:
			key[i] = typedArg(c.order.args, c.types, k.Param)
		case k.Null:
			key[i].Null = true
		default:
			key[i].Value = []byte(k.Text)
		}
	}
	return key
}

// shardOf is where a row belongs.
func (c *cargo) shardOf(values [][]byte) (int, error) {
	for i, k := range c.plan.Key {
		if k.Column >= 0 {
			v := values[k.Column]
			c.key[i].Null, c.key[i].Value = isNullValue(v), v[4:]
		}
	}
	k, refusal := c.session.shards.all.Planner.Locate(c.plan.Schema, c.plan.Table, c.key)
	if refusal != nil {
		return 0, errClient{refusal}
	}
	return k, nil
}

// add gives shards an INSERT of rows.
func (c *cargo) add(b *broadcast, on shards.Set, columns []column, rows []int) error {
	leg := plan.Leg{Shards: on, Args: c.plan.Args, Subs: append([]int(nil), c.plan.Used...)}
	first := len(leg.Args) + len(leg.Subs) + 1
	args, source, err := c.arrays(columns, first)
	if args == nil && err == nil {
		args, source, err = c.values(columns, len(rows), first)
	}
	if err != nil {
		return err
	}
	for i := range args {
		leg.Subs = append(leg.Subs, len(b.subs)+i)
	}
	b.subs = append(b.subs, args...)
	leg.SQL = c.plan.Before + source + c.plan.After
	b.plan.Parts = append(b.plan.Parts, plan.Part{Leg: leg, Rows: rows})
	return nil
}
