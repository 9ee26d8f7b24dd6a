package router

import (
	"strings"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// typeName judges a cast to n, or a literal of it.
func (j *judge) typeName(n sqlparse.Name) string {
	if strings.HasPrefix(n.Name, "reg") && j.snapshot.BuiltinType(n.Name) {
		return "type " + n.Name + " reads the catalog"
	}
	known := (n.Schema == "" || n.Schema == "pg_catalog") && j.snapshot.BuiltinType(n.Name)
	own := j.snapshot.Types(n.Schema, n.Name)
	rows := j.snapshot.Relations(n.Schema, n.Name)
	if !known && len(own) == 0 && len(rows) == 0 {
		return j.unknown("type " + quote(n.Schema, n.Name))
	}
	return first(each(own, j.ownType), each(rows, j.row), inside("cast to "+n.Name, each(j.snapshot.Casts(n.Name), j.ref)))
}

// named judges the types that the catalog calls name, with or without a
// schema. PostgreSQL's own are known to be harmless.
func (j *judge) named(name string) string {
	schema, bare := catalog.Unqualify(name)
	return first(each(j.snapshot.Relations(schema, bare), j.row), each(j.snapshot.Types(schema, bare), j.ownType))
}

// row judges the columns of r.
func (j *judge) row(r *catalog.Relation) string { return each(r.Types, j.named) }

// ownType judges what turns a text into a value of t: the checks of a domain,
// what a composite or range is made of, the C code of a base type.
func (j *judge) ownType(t *catalog.Type) string {
	return j.visit(t, func(j *judge) string {
		name := "type " + t.Name
		switch {
		case t.Extension:
			return ""
		case t.Kind == 'b':
			return j.unknown(name + " has an input function that")
		}
		checks := ""
		if t.Checks != "" {
			checks = j.text("select " + t.Checks)
		}
		return first(inside(name, first(checks, each(t.Functions, j.ref))), each(t.Parts, j.named))
	})
}
