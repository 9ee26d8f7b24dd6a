package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// after is what runs before a write, which takes what it finds as parameters.
type after struct {
	parts []part
	set   *program // the shards of what is left of the write
}

// changeAfter plans an UPDATE or DELETE whose sub-queries on several shards
// depend on nothing else in it: they run first, in the same transaction, as
// PostgreSQL runs them once and before it writes the first row. false: what is
// left cannot run shard by shard either.
func (a *Analysis) changeAfter(s *statement, b *block, write *pg_query.Node) bool {
	links := b.standalone()
	if len(links) == 0 || s.calls.sample || s.calls.system != "" || s.writesWith() {
		return false
	}
	scope := newScope(s)
	rest, cut, no := rewrite.WriteSubplans(write, links, scope, withOf(write))
	if no != nil || keepNames(returned(write), returned(rest), scope) != nil {
		return false
	}
	made := &after{}
	for _, one := range cut {
		p, no := a.p.part(one, s.searchPath)
		if no != nil {
			return false
		}
		made.parts = append(made.parts, p)
	}
	again := newStatement(a.p, s.searchPath)
	top, it := a.bindChange(again, rest)
	if it == nil || again.refused != nil || again.lead != "" {
		return false
	}
	again.params = s.params // the uses in what was cut out say of a type too
	made.set = a.setOfAll(again)
	switch {
	case it.table.Kind == shards.Reference && copiesDiffer(again, top, it) == nil:
		a.pushCopies(again, it, rest, len(cut))
	case it.table.Kind == shards.Single && made.set.op == opConst && made.set.set.Len() == 1:
		a.pushWrite(again, rest, "rows of "+it.table.Name+", which is on one shard", len(cut))
	case it.table.Kind == shards.Sharded && a.cannotFanOut(again, top, it) == nil:
		a.pushWrite(again, rest, "rows of "+it.table.Name+" on all shards that may have them", len(cut))
	}
	if a.broadcast == nil {
		a.alone, a.reject = nil, nil
		return false
	}
	a.after = made
	return true
}

// bindChange binds an UPDATE or DELETE.
func (a *Analysis) bindChange(s *statement, write *pg_query.Node) (*block, *item) {
	switch n := write.Node.(type) {
	case *pg_query.Node_UpdateStmt:
		b := a.begin(s, n.UpdateStmt)
		it := b.target(n.UpdateStmt.Relation)
		b.bindUpdate(it, n.UpdateStmt)
		return b, it
	case *pg_query.Node_DeleteStmt:
		b := a.begin(s, n.DeleteStmt)
		it := b.target(n.DeleteStmt.Relation)
		b.bindDelete(n.DeleteStmt)
		return b, it
	}
	return nil, nil
}

func withOf(write *pg_query.Node) *pg_query.WithClause {
	switch n := write.Node.(type) {
	case *pg_query.Node_UpdateStmt:
		return n.UpdateStmt.WithClause
	case *pg_query.Node_DeleteStmt:
		return n.DeleteStmt.WithClause
	}
	return nil
}

// returned is the RETURNING list of an UPDATE or DELETE.
func returned(write *pg_query.Node) []*pg_query.Node {
	if u := write.GetUpdateStmt(); u != nil {
		return u.ReturningList
	}
	return write.GetDeleteStmt().GetReturningList()
}

// plan gives the parts their shards.
func (f *after) plan(p *Planner, args []plan.Arg, o *Options) (subs []plan.Sub, no *plan.Reject) {
	for i := range f.parts {
		one, refused := f.parts[i].plan(p, args, o)
		if refused != nil {
			return nil, refused.plan()
		}
		var cheaper *refusal
		if m := f.parts[i].many; m != nil {
			cheaper = m.cheaper
		}
		if no := o.tooDear(scattered{one.Plan}.worst(), cheaper); no != nil {
			return nil, no
		}
		subs = append(subs, one)
	}
	return subs, nil
}

// shards is where what is left of the write concerns rows. Where it concerns
// none, a server must say so all the same.
func (f *after) shards(p *Planner, args []plan.Arg) shards.Set {
	if set := f.set.eval(p.shardMap, args); set != 0 {
		return set
	}
	return shards.One(Lead)
}
