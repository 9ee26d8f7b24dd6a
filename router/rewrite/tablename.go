package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// TableName returns the system column in tableoid::regclass::text, else nil. A
// table has another number on each server, but one name: the text is the same
// on all, and so what only its own server may compute.
func TableName(m proto.Message) *pg_query.ColumnRef {
	outer, ok := m.(*pg_query.TypeCast)
	if !ok || !casts(outer, "text") {
		return nil
	}
	inner := outer.Arg.GetTypeCast()
	if inner == nil || !casts(inner, "regclass") {
		return nil
	}
	if ref := inner.Arg.GetColumnRef(); ref != nil && lastName(ref.Fields) == "tableoid" {
		return ref
	}
	return nil
}

// casts reports whether c is to PostgreSQL's own type of that name.
func casts(c *pg_query.TypeCast, to string) bool {
	t := c.TypeName
	list := names(t.GetNames())
	return (len(list) == 1 || len(list) == 2 && list[0] == "pg_catalog") && list[len(list)-1] == to &&
		len(t.ArrayBounds) == 0 && len(t.Typmods) == 0 && !t.Setof && !t.PctType
}

// tableNames are the columns in stmt that only give a table's name.
func tableNames(stmt *pg_query.SelectStmt) map[*pg_query.ColumnRef]bool {
	var found map[*pg_query.ColumnRef]bool
	Walk(stmt, func(m proto.Message) bool {
		if ref := TableName(m); ref != nil {
			if found == nil {
				found = map[*pg_query.ColumnRef]bool{}
			}
			found[ref] = true
		}
		return true
	})
	return found
}
