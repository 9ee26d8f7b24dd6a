package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// bindUpdate binds all but the target, which is the first item.
func (b *block) bindUpdate(_ *item, stmt *pg_query.UpdateStmt) {
	b.with(stmt.WithClause)
	b.tree = append(b.tree, &join{item: b.items[0], first: 0, last: 1})
	for _, n := range stmt.FromClause {
		b.tree = append(b.tree, b.fromItem(n, b.level))
	}
	b.where(stmt.WhereClause)
	b.expressions(stmt.TargetList, b.level)
	b.expressions(stmt.ReturningList, b.level)
}

func (b *block) bindDelete(stmt *pg_query.DeleteStmt) {
	b.with(stmt.WithClause)
	b.tree = append(b.tree, &join{item: b.items[0], first: 0, last: 1})
	for _, n := range stmt.UsingClause {
		b.tree = append(b.tree, b.fromItem(n, b.level))
	}
	b.where(stmt.WhereClause)
	b.expressions(stmt.ReturningList, b.level)
}

func (a *Analysis) planUpdate(s *statement, tree *pg_query.ParseResult, stmt *pg_query.UpdateStmt) {
	b := a.begin(s, stmt)
	it := b.target(stmt.Relation)
	if it != nil {
		a.guardDefaults(s, it, stmt.TargetList)
		if setTimes(it.rel, stmt.TargetList) {
			s.sql = "" // the text says something else
		}
	}
	b.bindUpdate(it, stmt)
	if !a.judge(s, s.reads()) || it == nil {
		return
	}
	a.guardParts(s)
	a.guard(it, setsUnique(it, stmt))
	switch {
	case a.reject != nil:
	case it.table.Kind == shards.Reference && len(stmt.FromClause) > 0:
		a.refuse(refusef("Use a sub-query in SET, which must find one row.", "UPDATE ... FROM of reference table %q is not supported: which of several matches counts is not certain", it.rel.Name))
	case it.table.Kind == shards.Reference:
		a.writeReference(s, b, it, tree)
	case setsKey(it, stmt):
		a.moveKey(s, b, it, stmt)
	default:
		a.change(s, b, it, tree)
	}
}

func (a *Analysis) planDelete(s *statement, tree *pg_query.ParseResult, stmt *pg_query.DeleteStmt) {
	b := a.begin(s, stmt)
	it := b.target(stmt.Relation)
	b.bindDelete(stmt)
	if !a.judge(s, s.reads()) || it == nil {
		return
	}
	a.guardParts(s)
	a.guard(it, false)
	switch {
	case a.reject != nil:
	case it.table.Kind == shards.Reference:
		a.writeReference(s, b, it, tree)
	default:
		a.change(s, b, it, tree)
	}
}

func (a *Analysis) begin(s *statement, stmt proto.Message) *block {
	a.writes = true
	s.countParams(stmt)
	b := s.newBlock(nil)
	b.level = &level{}
	return b
}

// setsKey reports whether an UPDATE sets a column of the sharding key.
func setsKey(it *item, stmt *pg_query.UpdateStmt) bool {
	return it.table != nil && it.table.Kind == shards.Sharded && setsAny(stmt, it.table.Keys)
}

func setsUnique(it *item, stmt *pg_query.UpdateStmt) bool {
	for _, u := range it.rel.Unique {
		if u.Partial || setsAny(stmt, u.Columns) {
			return true
		}
	}
	return false
}

func setsAny(stmt *pg_query.UpdateStmt, columns []string) bool {
	return slices.ContainsFunc(stmt.TargetList, func(n *pg_query.Node) bool { return slices.Contains(columns, n.GetResTarget().GetName()) })
}

// change plans UPDATE or DELETE of a table that is not everywhere.
func (a *Analysis) change(s *statement, b *block, it *item, tree *pg_query.ParseResult) {
	a.set = a.setOfAll(s)
	no := a.cannotFanOut(s, b, it)
	switch {
	case no == nil:
		a.pushWrite(s, tree.Stmts[0].Stmt, "rows of "+it.table.Name+" on all shards that may have them", 0)
	case !a.changeAfter(s, b, tree.Stmts[0].Stmt):
		a.alone = no.plan()
	}
}

// cannotFanOut says why each shard cannot change its own rows alone.
func (a *Analysis) cannotFanOut(s *statement, b *block, it *item) *refusal {
	c := &s.calls
	switch {
	case s.writesWith():
		return refusef(hintOneShard, "WITH that writes on several shards is not supported")
	case c.volatile != "":
		return refusef(hintOneShard, "function %s, which is volatile, in a write on several shards is not supported", c.volatile)
	case c.sample:
		return refusef(hintOneShard, "TABLESAMPLE over several shards is not supported")
	case c.system != "":
		return refusef(hintSystem(c.system), "system column %q over several shards is not supported", c.system)
	case c.current:
		return refusef(hintCurrent, "WHERE CURRENT OF over several shards is not supported")
	case it.table.Kind != shards.Sharded:
		return refusef("", "a write to %q, which is on one shard, that depends on rows of others is not supported", it.table.Name)
	}
	return b.kindFor(nil).refusal
}

// pushWrite has each shard run node on its own rows.
func (a *Analysis) pushWrite(s *statement, node *pg_query.Node, why string, parts int) {
	leg, subs, no := a.writeLeg(s, node, parts)
	if no != nil {
		a.alone = no.plan()
		return
	}
	a.broadcast = &plan.Broadcast{Subs: subs, Parts: []plan.Part{{Leg: leg}}, Tally: plan.TallySum, Why: why}
}

// writeLeg prints node, with one time for all shards. parts are how many
// sub-queries have been cut out of it.
func (a *Analysis) writeLeg(s *statement, node *pg_query.Node, parts int) (plan.Leg, []plan.Sub, *refusal) {
	clients := highestParam(node)
	if parts > 0 {
		clients = subParams
	}
	copied := proto.Clone(node).(*pg_query.Node)
	var subs []plan.Sub
	if s.calls.now != "" || timesInside(copied) {
		if !freezeNow(a.p, copied, clients+parts+1) || s.calls.now != "" && s.calls.now[0] == '\'' {
			return plan.Leg{}, nil, refusef("Compute the time first, and pass it as a parameter.", "%s in a write on several shards is not supported", s.calls.now)
		}
		subs = []plan.Sub{nowSub()}
	}
	var leg plan.Leg
	if text, args, ok := s.unchanged(copied); ok {
		leg.SQL, leg.Args = text, args
		return leg, subs, nil
	}
	sql, no := deparse(copied)
	if no != nil {
		return plan.Leg{}, nil, no
	}
	leg.SQL, leg.Args, leg.Subs = renumber(cutParams(sql), clients)
	return leg, subs, nil
}

// unchanged is the client's own text, if n is what it says and it uses all of
// its parameters.
func (s *statement) unchanged(n *pg_query.Node) (text string, args []int, ok bool) {
	if s.sql == "" || !proto.Equal(n, s.tree) {
		return "", nil, false
	}
	for i := range highestParam(n) {
		if s.params.total[i+1] == 0 {
			return "", nil, false
		}
		args = append(args, i+1)
	}
	return s.sql, args, true
}

// timesInside reports whether the time of the transaction is anywhere in n.
func timesInside(n *pg_query.Node) (found bool) {
	rewrite.Walk(n, func(m proto.Message) bool {
		one, ok := m.(*pg_query.Node)
		found = found || ok && nowType(one) != ""
		return !found
	})
	return found
}

// writesWith: a WITH of the statement writes.
func (s *statement) writesWith() bool { return len(s.writesTo) > 0 }
