package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// giveTimes writes the defaults that are times of the transaction into the
// statement: each shard would take its own.
func giveTimes(r *catalog.Relation, stmt *pg_query.InsertStmt) {
	columns, _ := insertColumns(r, stmt)
	lists := stmt.SelectStmt.GetSelectStmt().GetValuesLists()
	width := len(columns)
	for _, n := range lists {
		width = min(width, len(n.GetList().GetItems()))
	}
	if len(stmt.Cols) == 0 {
		columns = columns[:width]
	}
	given := slices.Clone(columns)
	for i := range r.Columns {
		c := &r.Columns[i]
		def := defaultTime(c)
		if def == nil {
			continue
		}
		at := slices.Index(given, c.Name)
		for _, n := range lists {
			items := n.GetList().Items
			switch {
			case at < 0:
				n.GetList().Items = append(items, proto.Clone(def).(*pg_query.Node))
			case at < len(items) && items[at].GetSetToDefault() != nil:
				items[at] = proto.Clone(def).(*pg_query.Node)
			}
		}
		if at < 0 {
			given = append(given, c.Name)
		}
	}
	if len(given) > len(columns) {
		stmt.Cols = nil
		for _, name := range given {
			stmt.Cols = append(stmt.Cols, &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Name: name}}})
		}
	}
}

// defaultTime is a column's default, if it is one of the time.
func defaultTime(c *catalog.Column) *pg_query.Node {
	if c.Default == "" || c.Generated {
		return nil
	}
	tree, err := sqlparse.Tree("SELECT " + c.Default)
	if err != nil || len(tree.Stmts) != 1 {
		return nil
	}
	list := tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()
	if len(list) != 1 {
		return nil
	}
	n := list[0].GetResTarget().Val
	if contains([]*pg_query.Node{n}, func(m proto.Message) bool {
		one, ok := m.(*pg_query.Node)
		return ok && nowType(one) != ""
	}) {
		return n
	}
	return nil
}

// selectTimes is giveTimes for INSERT ... SELECT, where that can be told.
func selectTimes(r *catalog.Relation, stmt *pg_query.InsertStmt, src *block) *pg_query.InsertStmt {
	columns, plain := insertColumns(r, stmt)
	if src.outOpen || !plain || len(src.arms) > 0 || len(src.outNames) > len(columns) {
		return stmt
	}
	out := proto.Clone(stmt).(*pg_query.InsertStmt)
	columns, out.Cols = columns[:len(src.outNames)], nil
	sel := out.SelectStmt.GetSelectStmt()
	for i := range r.Columns {
		if def := defaultTime(&r.Columns[i]); def != nil && !slices.Contains(columns, r.Columns[i].Name) {
			columns = append(columns, r.Columns[i].Name)
			sel.TargetList = append(sel.TargetList, pg_query.MakeResTargetNodeWithVal(def, 0))
		}
	}
	for _, name := range columns {
		out.Cols = append(out.Cols, &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Name: name}}})
	}
	return out
}

// localSequences guards numbers that each shard draws for itself.
func (a *Analysis) localSequences(b *block, it *item, stmt *pg_query.InsertStmt) {
	if no := b.draws(it, stmt); no != nil {
		a.sequences = no.plan()
	}
}

func (b *block) draws(it *item, stmt *pg_query.InsertStmt) *refusal {
	c := b.sequenceColumn(it.rel, stmt)
	if c == "" {
		return nil
	}
	return drawn(c, it.rel.Name)
}

// sequenceColumn is a column that an INSERT leaves to a sequence.
func (b *block) sequenceColumn(r *catalog.Relation, stmt *pg_query.InsertStmt) string {
	columns := b.given(r, stmt)
	lists := stmt.SelectStmt.GetSelectStmt().GetValuesLists()
	for i := range r.Columns {
		c := &r.Columns[i]
		if !isSerial(c) {
			continue
		}
		at := slices.Index(columns, c.Name)
		if at < 0 || c.Identity != 0 && stmt.Override == pg_query.OverridingKind_OVERRIDING_USER_VALUE {
			return c.Name
		}
		for _, n := range lists {
			if items := n.GetList().GetItems(); at >= len(items) || items[at].GetSetToDefault() != nil {
				return c.Name
			}
		}
	}
	return ""
}

// changingDefault: a default that each copy would compute anew.
func (b *block) changingDefault(r *catalog.Relation, stmt *pg_query.InsertStmt) *refusal {
	columns := b.given(r, stmt)
	for i := range r.Columns {
		c := &r.Columns[i]
		if c.Default == "" || slices.Contains(columns, c.Name) && !hasDefaultWord(stmt) {
			continue
		}
		if b.s.p.changes(c.Default) {
			return refusef(hintGiveValues, "the default of column %q of reference table %q is not the same on every shard", c.Name, r.Name)
		}
	}
	return nil
}

func hasDefaultWord(stmt *pg_query.InsertStmt) (found bool) {
	rewrite.Walk(stmt, func(m proto.Message) bool {
		_, ok := m.(*pg_query.SetToDefault)
		found = found || ok
		return true
	})
	return found
}

// timeColumn is a column left to a default that is a time.
func (b *block) timeColumn(r *catalog.Relation, stmt *pg_query.InsertStmt) string {
	columns := b.given(r, stmt)
	for i := range r.Columns {
		if c := &r.Columns[i]; defaultTime(c) != nil && !slices.Contains(columns, c.Name) {
			return c.Name
		}
	}
	return ""
}
