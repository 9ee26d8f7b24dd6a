package rewrite

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// outer is a combine for DISTINCT, ORDER BY and LIMIT alone: the shards
// compute the columns, PostgreSQL sorts them. Groups and windows, if there
// are any, are of one shard each.
func (b *block) outer() (*Result, *Refusal) {
	if no := b.cutWindows(); no != nil {
		return nil, no
	}
	c := newCombiner(b)
	out, leg := b.top(), b.bottom()
	o := outerLeg{combiner: c, whole: true}
	positions := make([]int, len(b.targets))
	made := make([]*pg_query.Node, len(b.targets))
	for i, t := range b.targets {
		positions[i], made[i] = o.send1(t.expr)
	}
	c.say(out, made, o.listedOrSent)
	o.limit(leg, positions)
	if b.aggregated || len(b.windows) > 0 {
		o.keep(leg, positions)
	}
	return c.finish(leg, out)
}

type outerLeg struct {
	*combiner
	whole bool // everything is computed by the leg
	calls bool // what is not may be a set of rows
}

// send1 has the leg compute n, or the combine query if n's shape is not
// certain; then the place is 0.
func (o *outerLeg) send1(n *pg_query.Node) (int, *pg_query.Node) {
	s, ok := o.shapeOf(n)
	if ok {
		i := o.send(n, s)
		if key := o.key(n); o.place[key] == 0 {
			o.place[key] = i
		}
		return i, sentColumn(i)
	}
	if o.aggregated || len(o.windows) > 0 {
		return 0, o.fail(refuse("an expression whose type modifier or collation is not certain", "cast it"))
	}
	o.whole = false
	walkBlock(n, func(m proto.Message) bool {
		_, is := m.(*pg_query.FuncCall)
		o.calls = o.calls || is
		return true
	})
	return 0, o.columns(n)
}

func (o *outerLeg) listedOrSent(n *pg_query.Node) *pg_query.Node {
	if i := o.place[o.key(n)]; i > 0 {
		return sentColumn(i)
	}
	_, made := o.send1(n)
	return made
}

// limit pushes DISTINCT, and LIMIT where the first rows of the answer are
// among the first of each shard.
func (o *outerLeg) limit(leg *pg_query.SelectStmt, positions []int) {
	reduces := o.distinct || len(o.on) > 0
	if reduces && !o.whole {
		o.gather = true
		return
	}
	by := func(it item) *pg_query.Node {
		i := 0
		if it.at >= 0 {
			i = positions[it.at]
		} else {
			i = o.place[o.key(it.expr)]
		}
		switch {
		case i == 0:
			return clone(it.expr)
		case o.shapes[i-1].asText:
			// Its text has another order. The cast keeps it from being taken
			// for the name of an output column.
			return expression("{0}::"+o.shapes[i-1].cast, it.expr)
		}
		return ordinal(i)
	}
	if o.distinct {
		leg.DistinctClause = []*pg_query.Node{{}}
	}
	for _, it := range o.on {
		leg.DistinctClause = append(leg.DistinctClause, by(it))
	}
	limit, ok := count(o.stmt.LimitCount)
	offset, okOffset := count(o.stmt.LimitOffset)
	n := legLimit(limit, offset)
	pushed := ok && okOffset && n != nil && !o.calls && !(o.distinct && o.texts())
	if pushed {
		setLimit(leg, n, o.stmt.LimitOption)
	}
	if pushed || len(o.on) > 0 {
		for _, it := range o.order {
			leg.SortClause = append(leg.SortClause, sortBy(it.sort, by(it)))
		}
	}
}

// texts reports whether something travels as text: then it is the text that
// DISTINCT sees, and nothing else can be sorted by.
func (o *outerLeg) texts() bool {
	return slices.ContainsFunc(o.shapes, func(s shape) bool { return s.asText })
}

// keep gives the leg the block's own groups and windows.
func (o *outerLeg) keep(leg *pg_query.SelectStmt, positions []int) {
	for _, it := range o.group {
		if it.at >= 0 && positions[it.at] > 0 {
			leg.GroupClause = append(leg.GroupClause, ordinal(positions[it.at]))
			continue
		}
		leg.GroupClause = append(leg.GroupClause, clone(it.expr))
	}
	if o.stmt.HavingClause != nil {
		leg.HavingClause = clone(o.stmt.HavingClause)
	}
	leg.WindowClause = cloneAll(o.stmt.WindowClause)
}
