package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
)

// gather plans s over rows that are moved to one PostgreSQL: those of each
// sharded table that may matter.
func (p *Planner) gather(s *statement, root *block) *multi {
	m := &multi{p: p}
	var pulls []rewrite.Pull
	at := map[string]int{}
	s.eachItem(func(it *item) {
		if !it.sharded() || m.refused != nil {
			return
		}
		if it.block.ofView() || it.rel == nil {
			m.refused = refusef("Write the view's query in its place.", "views over rows that are moved are not supported")
			return
		}
		name := it.rel.Schema + "." + it.rel.Name
		i, known := at[name]
		if !known {
			i = len(pulls)
			at[name] = i
			pulls = append(pulls, p.pull(it))
			m.sets = append(m.sets, constant(0))
		}
		switch {
		case !known:
		case slices.Contains(pulls[i].Refs, it.ref): // a CTE that is bound twice
			pulls[i].Where = nil
		default:
			pulls[i].Refs = append(pulls[i].Refs, it.ref)
		}
		m.sets[i] = or(p.shardMap.All(), m.sets[i], s.setOf(it))
	})
	if m.refused != nil {
		return m
	}
	for _, set := range m.sets {
		set.trust(s)
	}
	result, no := rewrite.Gather(root.stmt, newScope(s), pulls)
	if no != nil {
		m.refused = p.cannot(no, s)
		return m
	}
	m.scatter = &plan.Scatter{Legs: result.Legs, Merge: result.Merge, Combine: result.Combine, Why: p.why(s)}
	m.refused = m.checkCombine()
	return m
}

// ofView reports whether b is or is part of what a view selects.
func (b *block) ofView() bool {
	for ; b != nil; b = b.up {
		if b.viewed {
			return true
		}
	}
	return false
}

// pull is what is moved of a table.
func (p *Planner) pull(it *item) rewrite.Pull {
	out := rewrite.Pull{Schema: it.rel.Schema, Name: it.rel.Name, Refs: []*pg_query.RangeVar{it.ref}}
	for i := range it.rel.Columns {
		attr := &it.rel.Columns[i]
		c, ok := p.describe(attr)
		if !ok {
			c = rewrite.Column{}
		}
		c.Rel, c.Name = it.alias, attr.Name
		out.Columns = append(out.Columns, c)
	}
	for _, c := range it.level.conds {
		if c.block == it.block && c.about(it) {
			out.Where = append(out.Where, c.expr)
		}
	}
	return out
}

// about reports whether c is about it alone, and the same wherever it is
// computed.
func (c *cond) about(it *item) bool {
	for _, id := range c.refs {
		if id == 0 || it.block.s.cols[id].item != it {
			return false
		}
	}
	p := it.block.s.p
	return len(c.refs) > 0 && !contains([]*pg_query.Node{c.expr}, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.FuncCall:
			return p.call(m).kind != callPure
		case *pg_query.SQLValueFunction, *pg_query.SubLink, *pg_query.CurrentOfExpr:
			return true
		case *pg_query.TypeCast:
			return m.Arg.GetAConst().GetSval() != nil // perhaps "now"
		}
		return false
	})
}
