package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// grouping is a combine over partial aggregates: each shard makes groups of
// its rows, PostgreSQL makes groups of groups.
type grouping struct {
	*combiner
	groups  []int // places of what the leg groups by
	again   []int // places of what the combine query groups by
	partial bool  // the leg has an aggregate, and so one row if there is no GROUP BY
}

func (b *block) grouped() (*Result, *Refusal) {
	g := &grouping{combiner: newCombiner(b)}
	for _, it := range b.group {
		if no := g.by(it.expr); no != nil {
			return nil, no
		}
	}
	g.again = append(g.again, g.groups...)
	out, leg := b.top(), b.bottom()
	if no := g.bySets(out); no != nil {
		return nil, no
	}
	g.recompute(out, g.above)
	if !g.partial && len(g.groups) == 0 {
		g.send(expression("count(*)"), shape{})
	}
	for _, i := range g.groups {
		leg.GroupClause = append(leg.GroupClause, ordinal(i))
	}
	for _, i := range g.again {
		out.GroupClause = append(out.GroupClause, sentColumn(i))
	}
	return g.finish(leg, out)
}

// by has the leg send n and group by it.
func (g *grouping) by(n *pg_query.Node) *Refusal {
	s, ok := g.shapeOf(n)
	switch {
	case !ok:
		return refuse("GROUP BY over an expression whose type modifier or collation is not certain", "cast it")
	case g.volatile(n):
		return refuse("GROUP BY over a volatile function", "")
	case hasSelect(n):
		return refuse("GROUP BY over a sub-query", "")
	}
	before := len(g.sent)
	if i := g.sendOnce(n, s); i > before {
		g.groups = append(g.groups, i)
	}
	return nil
}

// bySets has the leg group by all that grouping sets name: the groups of each
// set are made of such groups. The combine query has the sets.
func (g *grouping) bySets(out *pg_query.SelectStmt) *Refusal {
	out.GroupDistinct = g.stmt.GroupDistinct
	for _, n := range flatRows(g.stmt.GroupClause) {
		if n.GetGroupingSet() != nil {
			out.GroupClause = append(out.GroupClause, rebuild(n, g.setItem))
		}
	}
	return g.no
}

// setItem is what stands in the combine query for an item of a grouping set.
func (g *grouping) setItem(n *pg_query.Node) (*pg_query.Node, bool) {
	switch kind := n.GetNode().(type) {
	case *pg_query.Node_GroupingSet, *pg_query.Node_List:
		return nil, false
	case *pg_query.Node_RowExpr:
		if kind.RowExpr.RowFormat == pg_query.CoercionForm_COERCE_IMPLICIT_CAST {
			return nil, false
		}
	}
	it, no := g.resolve(n, true)
	if no == nil {
		no = g.by(it.expr)
	}
	if no != nil {
		return g.fail(no), true
	}
	return sentColumn(g.place[g.key(it.expr)]), true
}

// above copies an expression over groups for the combine query.
func (g *grouping) above(n *pg_query.Node) *pg_query.Node {
	return rebuild(n, func(n *pg_query.Node) (*pg_query.Node, bool) {
		switch kind := n.GetNode().(type) {
		case *pg_query.Node_FuncCall:
			if g.isAggregate(kind.FuncCall) {
				made, no := g.aggregate(kind.FuncCall)
				if no != nil {
					return g.fail(no), true
				}
				return made, true
			}
		case *pg_query.Node_SubLink:
			return g.fail(refuse("a sub-query beside an aggregate", "")), true
		case *pg_query.Node_GroupingFunc:
			if g.sets {
				return nil, false
			}
			return g.fail(refuse("GROUPING()", "")), true
		}
		if n.GetNode() == nil || n.GetAConst() != nil {
			return nil, false
		}
		if i := g.place[g.key(n)]; i > 0 {
			return sentColumn(i), true
		}
		if n.GetColumnRef() != nil {
			return g.dependent(n), true
		}
		return nil, false
	})
}

// dependent sends a column that is not grouped by. If it does not depend on
// those that are, the shard says so.
func (g *grouping) dependent(n *pg_query.Node) *pg_query.Node {
	s, ok := g.shapeOf(n)
	if g.sets {
		return g.fail(refuse("a column that is not in all of GROUPING SETS", "group by it"))
	}
	if !ok {
		return g.fail(refuse("a column whose type or collation is not known", ""))
	}
	i := g.sendOnce(n, s)
	g.again = append(g.again, i)
	return sentColumn(i)
}
