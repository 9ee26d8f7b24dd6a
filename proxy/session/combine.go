package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// collection is rows of several shards, by column: each becomes one array.
// What it may hold is bounded.
type collection struct {
	allowance
	columns []column
}

// column is the values of one column as the elements of a binary array.
type column struct {
	oid   uint32
	n     int
	nulls bool
	data  []byte // for each: 4-byte length, -1 for NULL, and the value
}

func (s *Session) newCollection() *collection { return &collection{allowance: s.newAllowance()} }

// add takes in a DataRow's body; first is where its columns begin.
func (c *collection) add(row []byte, first int) error {
	if err := c.take(len(row)); err != nil {
		return err
	}
	ok := protocol.DataRow(row, func(i int, value []byte) {
		if i += first; i >= len(c.columns) {
			return
		}
		col := &c.columns[i]
		col.n++
		if value == nil {
			col.nulls = true
			col.data = append(col.data, 0xff, 0xff, 0xff, 0xff)
			return
		}
		col.data = binary.BigEndian.AppendUint32(col.data, uint32(len(value)))
		col.data = append(col.data, value...)
	})
	if !ok {
		return errors.New("malformed row in a scattered answer")
	}
	return nil
}

// array is the column as one argument.
func (c *column) array(p Planner) (plan.Arg, error) {
	oid := p.ArrayOf(c.oid)
	if oid == 0 {
		return plan.Arg{}, errClient{pgerror.Newf(pgerror.FeatureNotSupported, "values of type %d cannot be moved between shards: it has no array type", c.oid).
			WithHint("Cast the column to text, or narrow the statement to one shard.")}
	}
	flags, dims := uint32(0), uint32(1)
	if c.nulls {
		flags = 1
	}
	if c.n == 0 {
		dims = 0
	}
	b := make([]byte, 0, 20+len(c.data))
	b = binary.BigEndian.AppendUint32(b, dims)
	b = binary.BigEndian.AppendUint32(b, flags)
	b = binary.BigEndian.AppendUint32(b, c.oid)
	if c.n > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(c.n))
		b = binary.BigEndian.AppendUint32(b, 1)
	}
	return plan.Arg{OID: oid, Format: 1, Value: append(b, c.data...)}, nil
}

// scalar is the only value, or NULL.
func (c *column) scalar() plan.Arg {
	a := plan.Arg{OID: c.oid, Format: 1, Null: true}
	if c.n > 0 && !c.nulls {
		a.Null, a.Value = false, append([]byte(nil), c.data[4:]...)
	}
	return a
}

// collectLegs runs the legs and takes in all their rows.
func (s *Session) collectLegs(o *order, legs []plan.Leg, d *Description, subs []plan.Arg, to func(int) *Reader, c *collection) error {
	for i := range legs {
		l := &legs[i]
		list, err := s.launchLeg(l, o, s.parameterTypes(d), subs, allBinary, to)
		first := len(c.columns)
		err = s.follow(list, err, true, func() error {
			for _, m := range list {
				if err := s.collect(m, c, first); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// collect takes in one member's rows.
func (s *Session) collect(m *member, c *collection, first int) error {
	if err := s.begins(m); err != nil {
		return err
	}
	types := s.leadTypes(m.shard, m.stream.Columns)
	if len(c.columns) == first {
		for _, oid := range types {
			c.columns = append(c.columns, column{oid: oid})
		}
	}
	if len(c.columns) != first+len(types) {
		return errDrift
	}
	for i, oid := range types {
		if c.columns[first+i].oid != oid {
			return errDrift
		}
	}
	return s.eachRow(m, func(row []byte) error { return c.add(row[protocol.HeaderLen:], first) })
}

var errDrift = errClient{pgerror.New(pgerror.FeatureNotSupported, "the shards disagree on the columns of this statement").
	WithHint("Tables and types must be the same on all shards; wye check --connect lists what differs.")}

// combineOrder is tiers B and C: PostgreSQL itself puts together what the
// shards gave.
func (s *Session) combineOrder(o *order, p *plan.Scatter, d *Description, subs []plan.Arg, to func(int) *Reader) error {
	c := s.newCollection()
	if err := s.collectLegs(o, p.Legs, d, subs, to, c); err != nil {
		return err
	}
	args, err := s.combineArgs(o, p, d, c)
	if err != nil {
		return err
	}
	k := c.combineOn(p)
	if anyOwnType(args) {
		if args, err = s.argsAt(k, args); err != nil {
			return err
		}
	}
	l := plan.Leg{Shards: shards.One(k), SQL: p.Combine.SQL}
	if err := s.enlist(l.Shards, to); err != nil {
		return errClient{err}
	}
	request, named := s.combineRequest(o, s.shards.gang.members[k], l.SQL, args)
	list, err := s.launch(&l, request, to)
	err = s.follow(list, err, true, func() error { return s.passCombined(o, d, list[0]) })
	if err != nil && named != nil {
		unprepare(list[0].conn, named)
	}
	return err
}

// combineOn is the shard that puts the rows together: one that has been
// asked, unless the rows have types whose numbers only the lead shard shares
// with us.
func (c *collection) combineOn(p *plan.Scatter) int {
	if c.ownTypes() {
		return 0
	}
	return shardsOf(p.Legs).First()
}

// ownTypes reports whether rows have types that the databases have made.
func (c *collection) ownTypes() bool {
	return slices.ContainsFunc(c.columns, func(one column) bool { return one.oid >= firstNormalOID })
}

// combineArgs are what the combining statement takes: the rows, and what it
// uses of the client's arguments.
func (s *Session) combineArgs(o *order, p *plan.Scatter, d *Description, c *collection) ([]plan.Arg, error) {
	args := make([]plan.Arg, 0, len(c.columns)+len(p.Combine.Args))
	for i := range c.columns {
		a, err := c.columns[i].array(s.shards.all.Planner)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
	}
	for _, n := range p.Combine.Args {
		args = append(args, typedArg(o.args, s.parameterTypes(d), n))
	}
	return args, nil
}

// passCombined passes the combined rows on under the columns that the
// client's own statement has. Where the types differ, the planner was wrong,
// and nothing is better than another answer.
func (s *Session) passCombined(o *order, d *Description, m *member) error {
	st := m.stream
	if err := s.begins(m); err != nil {
		return err
	}
	want, got := s.leadTypes(d.shard, d.Columns), s.leadTypes(m.shard, st.Columns)
	if !slices.Equal(want, got) {
		s.env.Log.Error("bug: combined rows have other types than the statement", "want", fmt.Sprint(want), "got", fmt.Sprint(got))
		return errClient{pgerror.New(pgerror.FeatureNotSupported, "this statement cannot be put together from several shards: its column types would differ").
			WithHint("Narrow the statement by the sharding key, or cast its columns; please report it.")}
	}
	give, err := s.beginRows(o, withFormats(d.Columns, o.formats))
	if err == nil {
		err = s.eachRow(m, give)
	}
	if err != nil {
		return err
	}
	return s.endRows(o, st.Tag)
}
