package router

import (
	"strings"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// relation judges reading n. Without a schema, every relation of that name
// has to pass.
func (j *judge) relation(n sqlparse.Name) string {
	switch {
	case catalog.IsTempSchema(n.Schema):
		return "table " + n.Name + " is temporary"
	case catalog.IsOwnSchema(n.Schema), n.Schema == "" && strings.HasPrefix(n.Name, "pg_"):
		return quote(n.Schema, n.Name) + " is of the catalog"
	}
	found := j.snapshot.Relations(n.Schema, n.Name)
	if len(found) == 0 {
		return j.unknown("relation " + quote(n.Schema, n.Name))
	}
	return each(found, j.ownRelation)
}

func (j *judge) ownRelation(r *catalog.Relation) string {
	return j.visit(r, func(j *judge) string {
		j.tables[r.Name] = true
		why := j.stored(r)
		if r.Secured || len(r.Policies) > 0 {
			j.unsteady = first(j.unsteady, "table "+r.Name+" has row security")
		}
		if r.Kind == 'v' {
			return first(why, inside("view "+r.Name, j.text(r.View)))
		}
		for _, condition := range r.Policies {
			why = first(why, inside("policy of "+r.Name, j.text("select "+condition)))
		}
		return first(why, j.row(r))
	})
}

// stored says what forbids reading r, or a table below it, on a replica.
func (j *judge) stored(r *catalog.Relation) string {
	switch {
	case r.Kind == 'f':
		return "table " + r.Name + " is foreign"
	case r.Kind == 'S':
		return r.Name + " is a sequence"
	case r.Persistence == 'u':
		return "table " + r.Name + " is unlogged"
	case r.Persistence == 't':
		return "table " + r.Name + " is temporary"
	}
	return each(r.Children, func(below *catalog.Relation) string {
		j.tables[below.Name] = true
		if below.Secured {
			j.unsteady = first(j.unsteady, "table "+below.Name+" has row security")
		}
		return j.stored(below)
	})
}
