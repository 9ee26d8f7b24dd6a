package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/shards"
)

// planMerge plans MERGE, which must concern one shard: its condition is that
// of an outer join, which keeps the source's rows, and what it inserts must
// belong there too.
func (a *Analysis) planMerge(s *statement, stmt *pg_query.MergeStmt) {
	b := a.begin(s, stmt)
	b.with(stmt.WithClause)
	b.tree = append(b.tree, b.fromItem(stmt.SourceRelation, b.level))
	it := b.target(stmt.Relation)
	on := &level{up: b.level}
	if it != nil {
		it.level = on
	}
	for _, c := range conjuncts(stmt.JoinCondition) {
		b.condition(c, on, 0, len(b.items))
	}
	for _, n := range stmt.MergeWhenClauses {
		w := n.GetMergeWhenClause()
		b.expressions([]*pg_query.Node{w.Condition}, b.level)
		b.expressions(w.TargetList, b.level)
		b.expressions(w.Values, b.level)
	}
	if !a.judge(s, s.reads()) || it == nil {
		return
	}
	a.guardParts(s)
	a.guard(it, true)
	if it.table.Kind == shards.Reference {
		a.refuse(refusef("Use INSERT ... ON CONFLICT, UPDATE and DELETE.", "MERGE into reference table %q is not supported", it.table.Name))
		return
	}
	list := a.sets(s, nil)
	if it.table.Kind == shards.Sharded {
		for _, n := range stmt.MergeWhenClauses {
			p, no := a.mergeAction(s, b, it, n.GetMergeWhenClause())
			if no != nil {
				a.refuse(no)
				return
			}
			if p != nil {
				list = append(list, p)
			}
		}
	}
	a.set = or(a.p.everyShard(), list...)
	a.set.trust(s)
	a.alone = refusef(hintOneShard, "MERGE over several shards is not supported").plan()
}

// mergeAction is where the rows are that one WHEN inserts.
func (a *Analysis) mergeAction(s *statement, b *block, it *item, w *pg_query.MergeWhenClause) (*program, *refusal) {
	switch w.CommandType {
	case pg_query.CmdType_CMD_UPDATE:
		if slices.ContainsFunc(w.TargetList, func(n *pg_query.Node) bool { return slices.Contains(it.table.Keys, n.GetResTarget().GetName()) }) {
			return nil, refusef("", "MERGE that updates the sharding key of %q is not supported", it.table.Name)
		}
		return nil, nil
	case pg_query.CmdType_CMD_INSERT:
	default:
		return nil, nil
	}
	if a.sequences == nil {
		b.gives = len(w.Values)
		rows := []*pg_query.Node{{Node: &pg_query.Node_List{List: &pg_query.List{Items: w.Values}}}}
		a.localSequences(b, it, &pg_query.InsertStmt{Cols: w.TargetList, SelectStmt: &pg_query.Node{Node: &pg_query.Node_SelectStmt{
			SelectStmt: &pg_query.SelectStmt{ValuesLists: rows},
		}}})
	}
	columns, plain := insertColumns(it.rel, &pg_query.InsertStmt{Cols: w.TargetList})
	p := &program{op: opKey, set: a.p.everyShard(), table: it.table}
	var ids []colID
	for _, name := range it.table.Keys {
		i := slices.Index(columns, name)
		if i < 0 || !plain || i >= len(w.Values) {
			return nil, refusef(hintGiveValues, "MERGE must give the sharding key %q of %q a value", name, it.table.Name)
		}
		attr := it.rel.Column(name)
		typ, known := s.p.keyType(attr)
		if v, ok := readValue(w.Values[i]); ok && known && attr.Typmod < 0 {
			p.keys = append(p.keys, key{value: v, typ: typ, assigned: true})
			continue
		}
		ids = append(ids, b.resolveNode(w.Values[i]))
	}
	if len(ids) == 0 {
		return p, nil
	}
	// A key that is the source's own: the row belongs where the source's is.
	var found *program
	s.eachItem(func(other *item) {
		if other.sharded() && other != it && other.table.Group == it.table.Group && slices.Equal(other.keySet().ids, ids) && it.rel.Column(it.table.Keys[0]).Typmod < 0 {
			found = s.setOf(other)
		}
	})
	if found == nil {
		return nil, refusef("Give the sharding key as a constant.", "MERGE that inserts into %q must take the sharding key from a table of the same map", it.table.Name)
	}
	return found, nil
}

// resolveNode is the column that n is, or 0.
func (b *block) resolveNode(n *pg_query.Node) colID {
	if ref := n.GetColumnRef(); ref != nil {
		return b.resolve(ref, 0, len(b.items))
	}
	return 0
}
