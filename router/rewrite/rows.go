package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// rows is a combine over the rows themselves: the shards join and filter,
// PostgreSQL does the rest. It moves what may be a whole table.
func (b *block) rows() (*Result, *Refusal) {
	if no := b.dependents(func(Column) bool { return true }); no != nil {
		return nil, no
	}
	if b.aggregated && b.subLinkAbove() {
		return nil, refuse("a sub-query beside an aggregate", "")
	}
	c := newCombiner(b)
	c.gather = true
	out := b.top()
	c.recompute(out, c.columns)
	group := b.group
	for _, n := range flatRows(b.stmt.GroupClause) {
		if n.GetGroupingSet() != nil {
			out.GroupClause = append(out.GroupClause, c.set(n))
			continue
		}
		if it := group[0]; it.at >= 0 {
			out.GroupClause = append(out.GroupClause, ordinal(it.at+1))
		} else {
			out.GroupClause = append(out.GroupClause, c.columns(it.expr))
		}
		group = group[1:]
	}
	out.GroupDistinct = b.stmt.GroupDistinct
	return c.finish(b.bottom(), out)
}

// set copies a grouping set. Its numbers are positions; its names may be
// those of output columns.
func (c *combiner) set(n *pg_query.Node) *pg_query.Node {
	return rebuild(n, func(n *pg_query.Node) (*pg_query.Node, bool) {
		switch n.GetNode().(type) {
		case *pg_query.Node_GroupingSet:
			return nil, false
		case *pg_query.Node_ColumnRef:
			it, no := c.resolve(n, true)
			switch {
			case no != nil:
				return c.fail(no), true
			case it.at >= 0:
				return ordinal(it.at + 1), true
			}
			return c.columns(n), true
		case *pg_query.Node_RowExpr, *pg_query.Node_List:
			return nil, false
		case *pg_query.Node_AConst:
			return clone(n), true
		}
		return c.columns(n), true
	})
}

// dependents refuses columns that depend on what is grouped by: PostgreSQL
// knows by a primary key, which rows that were moved do not have.
func (b *block) dependents(moved func(Column) bool) *Refusal {
	if len(b.group) == 0 || b.sets {
		return nil
	}
	grouped := map[string]bool{}
	for _, it := range b.group {
		grouped[b.key(it.expr)] = true
	}
	var no *Refusal
	look := func(m proto.Message) bool {
		n, ok := m.(*pg_query.Node)
		switch {
		case !ok:
			return true
		case grouped[b.key(n)]:
			return false
		case n.GetFuncCall() != nil && b.isAggregate(n.GetFuncCall()):
			return false
		case n.GetColumnRef() != nil && b.moved(n.GetColumnRef(), moved):
			no = never("a column that is not in GROUP BY", "add it to GROUP BY")
		}
		return no == nil
	}
	for _, t := range b.targets {
		walkBlock(t.expr, look)
	}
	for _, it := range b.order {
		walkBlock(it.expr, look)
	}
	if b.stmt.HavingClause != nil {
		walkBlock(b.stmt.HavingClause, look)
	}
	return no
}

func (b *block) moved(ref *pg_query.ColumnRef, moved func(Column) bool) bool {
	c, ok := b.scope.Column(ref, b.stmt)
	return !ok || moved(c)
}

// subLinkAbove reports whether there is a sub-query outside the arguments of
// aggregates.
func (b *block) subLinkAbove() bool {
	found := false
	b.eachExpression(func(n *pg_query.Node) {
		walkBlock(n, func(m proto.Message) bool {
			switch m := m.(type) {
			case *pg_query.FuncCall:
				return !b.isAggregate(m)
			case *pg_query.SubLink:
				found = true
			}
			return !found
		})
	})
	return found
}
