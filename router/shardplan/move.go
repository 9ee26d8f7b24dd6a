package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// move is an UPDATE of the sharding key: where the new key's shard is the old
// one's, the text runs there; else the row is deleted and inserted.
type move struct {
	key   insertRow // the new key
	table *shards.Table
	to    *insert // only to find the shard
	texts *plan.Move
	alone *plan.Reject // why the row cannot go to another shard
}

func (a *Analysis) moveKey(s *statement, b *block, it *item, stmt *pg_query.UpdateStmt) {
	a.set = a.setOfAll(s)
	m := &move{table: it.table, to: &insert{table: it.table}}
	for _, name := range it.table.Keys {
		i := slices.IndexFunc(stmt.TargetList, func(n *pg_query.Node) bool { return n.GetResTarget().GetName() == name })
		attr := it.rel.Column(name)
		if i < 0 || attr == nil {
			a.refuse(refusef("Set all columns of the key.", "UPDATE of a part of the sharding key of %q is not supported", it.rel.Name))
			return
		}
		k := insertKey{attr: attr, mod: attr.Typmod}
		k.typ, k.known = s.p.keyType(attr)
		s.params.at(stmt.TargetList[i].GetResTarget().Val, k.typ)
		v, ok := readValue(stmt.TargetList[i].GetResTarget().Val)
		if !ok || !k.known {
			a.refuse(refusef("Set it to a constant or a parameter.", "UPDATE of sharding key %q to a computed value is not supported", name))
			return
		}
		k.value = v
		m.key.keys = append(m.key.keys, k)
	}
	a.set.trust(s)
	for i := range m.key.keys {
		m.key.keys[i].trust(s)
	}
	a.alone = refusef(hintOneShard, "UPDATE of the sharding key of rows on several shards is not supported").plan()
	a.move = m
	no := m.possible(s, b, it, stmt)
	if no == nil {
		m.texts, no = m.write(it, stmt)
	}
	if no != nil {
		m.alone = no.plan()
	}
}

// possible says why deleting and inserting a row would not be the same.
func (m *move) possible(s *statement, b *block, it *item, stmt *pg_query.UpdateStmt) *refusal {
	const hint = "Delete the row and insert it anew, in one transaction."
	switch {
	case len(stmt.FromClause) > 0 || len(b.subs) > 0 || stmt.WithClause != nil:
		return refusef(hint, "UPDATE that moves a row to another shard is not supported with FROM, WITH or sub-queries")
	case len(it.rel.Cascades) > 0:
		return refusef(hint, "UPDATE that moves a row of %q to another shard is not supported: foreign keys follow its rows", it.rel.Name)
	case s.calls.now != "" || s.calls.volatile != "" || s.calls.system != "":
		return refusef(hint, "UPDATE that moves a row to another shard is not supported with functions of time, volatile functions and system columns")
	case len(it.rel.Children) > 0 || len(it.rel.Parents) > 0:
		return refusef(hint, "UPDATE that moves a row of a partitioned table to another shard is not supported")
	}
	for _, n := range stmt.TargetList {
		t := n.GetResTarget()
		if _, ok := readValue(t.Val); !ok || len(t.Indirection) > 0 {
			return refusef(hint, "UPDATE that moves a row to another shard can set columns to constants and parameters only")
		}
	}
	if highestParam(&pg_query.List{Items: stmt.ReturningList}) > 0 {
		return refusef(hint, "UPDATE that moves a row to another shard is not supported with parameters in RETURNING")
	}
	return nil
}

// write makes the DELETE, which returns the new row, and the INSERT.
func (m *move) write(it *item, stmt *pg_query.UpdateStmt) (*plan.Move, *refusal) {
	columns := writable(it.rel)
	del := &pg_query.DeleteStmt{Relation: stmt.Relation, WhereClause: stmt.WhereClause}
	ins := &pg_query.InsertStmt{Relation: stmt.Relation, ReturningList: stmt.ReturningList, Override: pg_query.OverridingKind_OVERRIDING_SYSTEM_VALUE}
	var row []*pg_query.Node
	for i, name := range columns {
		value := pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeStrNode(it.alias), pg_query.MakeStrNode(name)}, 0)
		for _, n := range stmt.TargetList {
			if n.GetResTarget().Name == name {
				var no *refusal
				if value, no = castTo(n.GetResTarget().Val, it.rel.Column(name).Type); no != nil {
					return nil, no
				}
			}
		}
		del.ReturningList = append(del.ReturningList, pg_query.MakeResTargetNodeWithVal(value, 0))
		ins.Cols = append(ins.Cols, &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Name: name}}})
		row = append(row, pg_query.MakeParamRefNode(int32(i+1), 0)) //nolint:gosec // columns
	}
	ins.SelectStmt = &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: &pg_query.SelectStmt{
		ValuesLists: []*pg_query.Node{{Node: &pg_query.Node_List{List: &pg_query.List{Items: row}}}},
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
	}}}
	out := &plan.Move{Schema: m.table.Schema, Table: m.table.Name, Returning: len(stmt.ReturningList) > 0,
		Why: "sharding key " + strings.Join(m.table.Keys, ", ") + " of " + m.table.Name}
	for _, name := range m.table.Keys {
		out.Key = append(out.Key, slices.Index(columns, name))
	}
	text, no := deparse(&pg_query.Node{Node: &pg_query.Node_DeleteStmt{DeleteStmt: del}})
	if no != nil {
		return nil, no
	}
	out.Delete.SQL, out.Delete.Args, _ = renumber(cutParams(text), highestParam(stmt))
	out.Insert, no = deparse(&pg_query.Node{Node: &pg_query.Node_InsertStmt{InsertStmt: ins}})
	return out, no
}

// castTo casts to a column's type without its length: what is too long is for
// INSERT to refuse.
func castTo(n *pg_query.Node, typ string) (*pg_query.Node, *refusal) {
	tree, err := sqlparse.Tree("SELECT CAST(NULL AS " + typ + ")")
	if err != nil {
		return nil, refusef("", "type %s is not understood", typ)
	}
	c := tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val.GetTypeCast()
	if c == nil {
		return nil, refusef("", "type %s is not understood", typ)
	}
	name := proto.Clone(c.TypeName).(*pg_query.TypeName)
	if _, short := split(name.Names); short != "interval" {
		name.Typmods = nil
	}
	return &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{Arg: n, TypeName: name}}}, nil
}

func (m *move) plan(a *Analysis, set shards.Set, args []plan.Arg, o *Options) plan.Plan {
	switch {
	case set == 0:
		return a.p.any[o.Role]
	case set.Len() > 1:
		return a.alone
	}
	shard, no := m.to.shard(a.p.shardMap, &m.key, args)
	switch {
	case no != nil:
		return no.plan()
	case shard == set.First():
		return a.p.direct[o.Role][shard]
	case m.alone != nil:
		return m.alone
	case o.RefuseWrites:
		return writesRefused
	}
	out := *m.texts
	out.Delete.Shards = set
	return &out
}
