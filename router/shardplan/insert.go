package shardplan

import (
	"errors"
	"strings"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// insert is an INSERT of VALUES into a sharded table: the shard of each row,
// and the texts that its rows are made of.
type insert struct {
	table   *shards.Table
	rows    []insertRow
	reads   *program // shards that sub-selects in it read; nil: none
	alone   *plan.Reject
	head    template // INSERT INTO t (...) VALUES
	tail    template // ON CONFLICT ... RETURNING ...
	ordered bool
	clients int
	now     bool // one more parameter, above the client's, is the time
	why     string
}

// insertRow is one row of VALUES.
type insertRow struct {
	keys []insertKey
	text template // (1, $2, 'x')
}

// insertKey is the value for one column of the key.
type insertKey struct {
	value
	known    bool // false: only a server can compute it
	uniqueID bool // by wye.unique_id
	typ      shardfunc.Type
	mod      int32
	attr     *catalog.Column
}

// set is a program for all rows' shards, for INSERTs that must be on one.
func (n *insert) set() *program {
	all := shards.Set(^uint64(0))
	var list []*program
	if n.reads != nil {
		list = append(list, n.reads)
	}
	for _, r := range n.rows {
		p := &program{op: opKey, set: all, table: n.table}
		for _, k := range r.keys {
			if !k.known || k.mod >= 0 {
				return constant(all)
			}
			p.keys = append(p.keys, key{value: k.value, typ: k.typ, assigned: true})
		}
		list = append(list, p)
	}
	return or(all, list...)
}

// shard is where row r belongs.
func (n *insert) shard(m *shards.Map, r *insertRow, args []plan.Arg) (int, *refusal) {
	values := keyBuffers.Get().(*[shards.MaxKeys]shardfunc.Value)
	defer giveBack(values)
	for i := range r.keys {
		k := &r.keys[i]
		v, err := shardfunc.Value{}, error(shardfunc.ErrUnknown)
		if k.known {
			if v, err = k.typed(k.typ, args); err == nil {
				v, err = shardfunc.Assign(k.typ, k.mod, v)
			}
		}
		switch {
		case k.uniqueID:
			return 0, refusef(hintUniqueKey, "a unique id for sharding key %q of %q is not made before the shard is known", k.attr.Name, n.table.Name)
		case err != nil:
			return 0, refusef("Write it as a plain constant or parameter of the column's type.", "the value for sharding key %q of %q is not one that can be read without a server", k.attr.Name, n.table.Name)
		case v.IsNull():
			return 0, nullKey(n.table.Name, k.attr.Name)
		}
		values[i] = v
	}
	shard, err := m.Locate(n.table, values[:len(r.keys)])
	switch {
	case errors.Is(err, shards.ErrUnmapped):
		r := refusef("Add a range, a list or a default for it to the table's map in the configuration.", "no partition of relation %q found for row", n.table.Name)
		r.code, r.detail = "23514", "The sharding map has no shard for the value of "+strings.Join(n.table.Keys, ", ")+"."
		return 0, r
	case err != nil:
		return 0, refusef("", "the sharding key of %q is of another type than its map", n.table.Name)
	}
	return shard, nil
}

func (n *insert) plan(a *Analysis, args []plan.Arg, o *Options) plan.Plan {
	set := shards.Set(0)
	if n.reads != nil {
		set = n.reads.eval(a.p.shardMap, args)
	}
	for i := range n.rows {
		shard, no := n.shard(a.p.shardMap, &n.rows[i], args)
		if no != nil {
			return no.plan()
		}
		set |= shards.One(shard)
	}
	switch {
	case set.Len() == 1:
		return a.p.direct[o.Role][set.First()]
	case n.alone != nil:
		return n.alone
	case o.RefuseWrites:
		return writesRefused
	}
	return n.split(a, args)
}

// split gives each shard its rows.
func (n *insert) split(a *Analysis, args []plan.Arg) plan.Plan {
	var rows [shards.MaxShards][]int
	set := shards.Set(0)
	for i := range n.rows {
		shard, no := n.shard(a.p.shardMap, &n.rows[i], args)
		if no != nil {
			return no.plan()
		}
		set |= shards.One(shard)
		rows[shard] = append(rows[shard], i)
	}
	b := &plan.Broadcast{Tally: plan.TallySum, Ordered: n.ordered, Why: n.why}
	if n.now {
		b.Subs = []plan.Sub{nowSub()}
	}
	for shard := range set.Each {
		b.Parts = append(b.Parts, plan.Part{Leg: n.leg(rows[shard], shards.One(shard)), Rows: rows[shard]})
	}
	return b
}

func (n *insert) leg(rows []int, on shards.Set) plan.Leg {
	num := numbering{clients: n.clients}
	num.collect(n.head)
	for _, i := range rows {
		num.collect(n.rows[i].text)
	}
	num.collect(n.tail)
	var b strings.Builder
	num.write(&b, n.head)
	for j, i := range rows {
		if j > 0 {
			b.WriteString(", ")
		}
		num.write(&b, n.rows[i].text)
	}
	num.write(&b, n.tail)
	return plan.Leg{Shards: on, SQL: b.String(), Args: num.args, Subs: num.subs}
}
