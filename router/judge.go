package router

import (
	"maps"
	"slices"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// finding is what a look at one object, or at one statement, brought to light.
type finding struct {
	why            string // what forbids a replica; "" for nothing
	perTransaction bool
	unsteady       string          // why the answer may depend on more than rows, parameters and arguments; "" if it does not
	tables         map[string]bool // read, by bare name
	anyTables      bool            // it may read tables that are not in tables
	does           deeds
}

// deeds are what may happen when something runs that is no proven read.
type deeds struct {
	changes bool // a later read may see it
	all     bool // it may write any table
	ddl     bool
	acts    bool // on one server, in silence
}

// anything is what the unknown may do.
var anything = deeds{changes: true, all: true, ddl: true, acts: true}

func (d *deeds) add(more deeds) {
	d.changes = d.changes || more.changes
	d.all = d.all || more.all
	d.ddl = d.ddl || more.ddl
	d.acts = d.acts || more.acts
}

// judge follows names from one statement or object. Everything it has seen is
// reachable from there: if one thing is forbidden, the whole is.
type judge struct {
	*knowledge
	finding
	// seen are the objects that were looked at, or are being looked at; nil
	// in the judge of a statement, which has one of its own for each object.
	seen map[any]bool
}

// notKnown ends the reason of a statement that names what the snapshot lacks.
const notKnown = " is not known"

func (k *knowledge) judge() *judge {
	return &judge{knowledge: k, finding: finding{tables: map[string]bool{}}}
}

// visit judges one object by look, unless that was done before. Objects may
// refer to each other in circles: of those in the middle of a circle only
// the first is remembered, because the others were not judged as a whole.
func (j *judge) visit(object any, look func(*judge) string) string {
	if f, ok := j.found.Load(object); ok {
		j.take(f.(*finding))
		return f.(*finding).why
	}
	if j.seen[object] {
		return ""
	}
	if j.seen != nil {
		j.seen[object] = true
		return look(j)
	}
	whole := j.knowledge.judge()
	whole.seen = map[any]bool{object: true}
	whole.why = look(whole)
	j.found.Store(object, &whole.finding)
	j.take(&whole.finding)
	return whole.why
}

func (j *judge) take(f *finding) {
	j.perTransaction = j.perTransaction || f.perTransaction
	j.unsteady = first(j.unsteady, f.unsteady)
	j.anyTables = j.anyTables || f.anyTables
	j.does.add(f.does)
	maps.Copy(j.tables, f.tables)
}

// unknown is the reason against a name that the catalog does not have.
func (j *judge) unknown(what string) string {
	j.does.add(anything)
	return what + notKnown
}

// each returns the first reason that look has against one of names. It looks
// at all of them nevertheless, for what else they do.
func each[T any](names []T, look func(T) string) (why string) {
	for _, n := range names {
		why = first(why, look(n))
	}
	return why
}

// first is the first reason there is.
func first(reasons ...string) string {
	for _, why := range reasons {
		if why != "" {
			return why
		}
	}
	return ""
}

// facts judges one text by what it touches.
func (j *judge) facts(f *sqlparse.Facts) string {
	if f == nil {
		j.does.add(anything)
		return "not understood"
	}
	return first(f.Blame, each(f.Relations, j.relation), each(f.Functions, j.function), each(f.Fields, j.field),
		each(f.Operators, j.operator), each(f.Types, j.typeName))
}

// text judges SQL from the catalog.
func (j *judge) text(sql string) string {
	if j.read == nil {
		j.does.add(anything)
		return "not understood"
	}
	return j.facts(j.read([]byte(j.ownSettings(sql))).Facts())
}

func (j *judge) operator(n sqlparse.Name) (why string) {
	if j.snapshot == nil {
		return j.unknown("operator " + n.Name)
	}
	known := catalog.BuiltinOperator(n.Name)
	for _, o := range j.snapshot.Operators(n.Name) {
		if n.Schema == "" || n.Schema == o.Schema {
			why = first(why, inside("operator "+n.Name, j.ref(o.Function)))
			known = true
		}
	}
	if !known {
		return j.unknown("operator " + n.Name)
	}
	return why
}

// quote writes a name as people would.
func quote(schema, name string) string {
	if schema == "" {
		return name
	}
	return schema + "." + name
}

// sorted are the keys of set in order.
func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }

// inside puts what was found in something behind the name of that.
func inside(what, why string) string {
	if why == "" {
		return ""
	}
	return what + ": " + why
}
