package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
)

// bindInsert binds all but the target of stmt. The rows are nil if the values
// are not VALUES.
func (b *block) bindInsert(it *item, stmt *pg_query.InsertStmt) *insert {
	b.with(stmt.WithClause)
	src := stmt.SelectStmt.GetSelectStmt()
	var ins *insert
	switch {
	case src == nil: // DEFAULT VALUES, which gives nothing
	case len(src.ValuesLists) > 0 && src.Op == pg_query.SetOperation_SETOP_NONE && len(src.SortClause) == 0 && src.LimitCount == nil && src.LimitOffset == nil:
		b.gives = len(src.ValuesLists[0].GetList().GetItems())
		for _, row := range src.ValuesLists {
			b.expressions(row.GetList().GetItems(), b.level)
		}
		b.with(src.WithClause)
		if it != nil {
			ins = b.s.rowsOf(it, stmt, src)
		}
	default:
		b.source = b.derived(src, b.ctes, nil, 0, b.level, func(*block) {})
		if !b.source.outOpen {
			b.gives = len(b.source.outNames)
		}
	}
	if c := stmt.OnConflictClause; c != nil {
		b.expressions(c.TargetList, b.level)
		b.expressions([]*pg_query.Node{c.WhereClause}, b.level)
		if it != nil {
			b.s.conflict(it, c)
		}
	}
	b.expressions(stmt.ReturningList, b.level)
	return ins
}

// insertColumns are the columns that an INSERT gives, in its order.
func insertColumns(r *catalog.Relation, stmt *pg_query.InsertStmt) (columns []string, plain bool) {
	if len(stmt.Cols) == 0 {
		for i := range r.Columns {
			columns = append(columns, r.Columns[i].Name)
		}
		return columns, true
	}
	plain = true
	for _, n := range stmt.Cols {
		t := n.GetResTarget()
		plain = plain && len(t.Indirection) == 0
		columns = append(columns, t.Name)
	}
	return columns, plain
}

// given are the columns that an INSERT gives a value, or the word DEFAULT, for
// certain: without a list, as many as there are values.
func (b *block) given(r *catalog.Relation, stmt *pg_query.InsertStmt) []string {
	columns, _ := insertColumns(r, stmt)
	if len(stmt.Cols) == 0 {
		columns = columns[:min(len(columns), b.gives)]
	}
	return columns
}

// rowsOf reads the keys of VALUES.
func (s *statement) rowsOf(it *item, stmt *pg_query.InsertStmt, src *pg_query.SelectStmt) *insert {
	ins := &insert{table: it.table}
	columns, plain := insertColumns(it.rel, stmt)
	var at []int
	for _, name := range it.table.Keys {
		i := slices.Index(columns, name)
		if i < 0 || !plain {
			s.refuseKey(it, name)
			return nil
		}
		at = append(at, i)
	}
	for _, n := range src.ValuesLists {
		items := n.GetList().GetItems()
		var row insertRow
		for j, name := range it.table.Keys {
			k, ok := s.insertKey(it.rel.Column(name), items, at[j], stmt.Override)
			if !ok {
				s.refuseKey(it, name)
				return nil
			}
			row.keys = append(row.keys, k)
		}
		s.rowParams(it, columns, items)
		ins.rows = append(ins.rows, row)
	}
	return ins
}

// insertKey is the value that a row gives a column of the key; false if it
// gives none.
func (s *statement) insertKey(attr *catalog.Column, items []*pg_query.Node, at int, override pg_query.OverridingKind) (insertKey, bool) {
	switch {
	case attr == nil, attr.Identity != 0 && override == pg_query.OverridingKind_OVERRIDING_USER_VALUE,
		at >= len(items), // a row that is too short: what is missing is the default
		items[at].GetSetToDefault() != nil:
		return insertKey{}, false
	}
	k := insertKey{attr: attr, mod: attr.Typmod}
	k.typ, k.known = s.p.keyType(attr)
	if v, ok := readValue(items[at]); ok {
		k.value = v
	} else {
		k.known, k.uniqueID = false, isUniqueCall(items[at])
	}
	return k, true
}

// rowParams: a parameter in VALUES is of its column's type.
func (s *statement) rowParams(it *item, columns []string, items []*pg_query.Node) {
	for i, n := range items[:min(len(items), len(columns))] {
		if c := it.rel.Column(columns[i]); c != nil {
			if t, ok := s.p.keyType(c); ok {
				s.params.at(n, t)
			}
		}
	}
}

// refuseKey: a row without a value for its key is a row with a NULL there, or
// with a default that is for a server to compute.
func (s *statement) refuseKey(it *item, name string) {
	attr := it.rel.Column(name)
	if attr != nil && !attr.HasDefault() && attr.Identity == 0 {
		s.refuse(nullKey(it.rel.Name, name))
		return
	}
	hint := hintGiveValues
	if attr != nil && strings.Contains(attr.Default, "wye.unique_id()") {
		hint = hintUniqueKey
	}
	s.refuse(refusef(hint, "INSERT into %q must give the sharding key %q a value: its default is not computed before the shard is known", it.rel.Name, name))
}

func nullKey(table, column string) *refusal {
	r := refusef("The sharding key says on which shard a row is, so that every row needs one.", "null value in column %q of relation %q violates not-null constraint", column, table)
	r.code = "23502"
	return r
}
