package rewrite

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// Outputs are the columns of a sub-query, for a [Scope] to answer for. What
// is not certain of a column is its type, which is then 0, and with it the
// rest. ok is false if not even the names are known.
func Outputs(stmt *pg_query.SelectStmt, scope Scope) (columns []Column, ok bool) {
	if stmt.GetLarg() != nil || len(stmt.ValuesLists) > 0 {
		return nil, false // what the parts of a UNION make together is not worked out
	}
	b, no := takeApart(&pg_query.SelectStmt{TargetList: stmt.TargetList, FromClause: stmt.FromClause}, outputScope{scope, stmt})
	if no != nil || b.hidden {
		return nil, false
	}
	for _, t := range b.targets {
		if t.name == secretName {
			return nil, false
		}
		columns = append(columns, b.output(t))
	}
	return columns, true
}

// outputScope asks about the block that was given, of which Outputs sees a
// part.
type outputScope struct {
	Scope
	stmt *pg_query.SelectStmt
}

func (o outputScope) Column(ref *pg_query.ColumnRef, _ *pg_query.SelectStmt) (Column, bool) {
	return o.Scope.Column(ref, o.stmt)
}

func (o outputScope) Columns(star *pg_query.ColumnRef, _ *pg_query.SelectStmt) ([]Column, bool) {
	return o.Scope.Columns(star, o.stmt)
}

func (b *block) output(t target) Column {
	if ref := t.expr.GetColumnRef(); ref != nil {
		if c, ok := b.scope.Column(ref, b.stmt); ok {
			c.Rel, c.Name = "", t.name
			return c
		}
	}
	s, ok := b.shapeOf(t.expr)
	oid := b.typeOf(t.expr)
	if !ok || oid == 0 || s.asText || strings.HasSuffix(s.cast, "[]") {
		return Column{Name: t.name}
	}
	c := Column{Name: t.name, TypeOID: oid, Type: s.cast, Typmod: -1, DefaultCollation: s.collate == "", Collation: s.collate, CCollation: b.byteOrder(t.expr)}
	if s.cast != "" {
		c.Typmod = 0 // which one does not matter: Type has it
	}
	return c
}
