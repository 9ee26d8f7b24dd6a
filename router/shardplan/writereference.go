package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// writeReference plans a write to a table of which every shard has a copy: all
// run the same, the lead shard first, and must find the same.
func (a *Analysis) writeReference(s *statement, b *block, it *item, tree *pg_query.ParseResult) {
	no := copiesDiffer(s, b, it)
	switch {
	case no == nil:
		a.pushCopies(s, it, tree.Stmts[0].Stmt, 0)
	case !a.changeAfter(s, b, tree.Stmts[0].Stmt):
		a.refuse(no)
	}
}

// copiesDiffer says why a write that all shards run by themselves could leave
// them with different copies of the table.
func copiesDiffer(s *statement, b *block, it *item) *refusal {
	c := &s.calls
	name := it.rel.Name
	switch {
	case s.reads().sharded:
		return refusef("Read the rows first, then write them as values.", "a write to reference table %q that reads sharded tables is not supported", name)
	case s.writesWith():
		return refusef("Write in a statement of its own.", "WITH that writes is not supported beside a write to reference table %q", name)
	case c.volatile != "":
		return refusef("Compute the value first, and pass it as a parameter.", "function %s, which is volatile, in a write to reference table %q is not supported: its copies would differ", c.volatile, name)
	case c.ordered != "":
		return refusef("Compute the value first, and pass it as a parameter.", "%s in a write to reference table %q is not supported: it may depend on the order of rows", c.ordered, name)
	case c.sample || c.system != "" || c.current:
		return refusef("", "TABLESAMPLE, system columns and WHERE CURRENT OF in a write to reference table %q are not supported", name)
	case chooses(b):
		return refusef("Find the rows first, then write them by their key.", "LIMIT or DISTINCT ON in a write to reference table %q is not supported: each copy might choose other rows", name)
	}
	return nil
}

// pushCopies has every shard run node, the lead shard first.
func (a *Analysis) pushCopies(s *statement, it *item, node *pg_query.Node, parts int) {
	leg, subs, no := a.writeLeg(s, node, parts)
	if no != nil {
		a.refuse(no)
		return
	}
	a.all, a.set = true, constant(a.p.everyShard())
	a.broadcast = &plan.Broadcast{Subs: subs, Parts: []plan.Part{{Leg: leg}}, Tally: plan.TallySame, Lead: true, Why: "reference table " + it.table.Name}
}

// chooses reports whether a part of b takes some rows of several.
func chooses(b *block) (found bool) {
	b.eachPart(func(p *block) {
		found = found || p.limited || p.stmt != nil && distinctOn(p.stmt) || chooses(p)
	})
	return found
}
