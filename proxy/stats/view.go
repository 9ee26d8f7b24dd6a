package stats

import (
	"slices"
	"sort"
	"strings"
)

// View is one SHOW: a name, its columns, which never depend on the data, and
// the rows that a Snapshot gives.
type View struct {
	Name    string // lower case
	Columns []Column
	rows    func(*Snapshot) [][]Cell
}

// Table renders the view.
func (v *View) Table(s *Snapshot) *Table {
	return &Table{Columns: v.Columns, Rows: v.rows(s)}
}

// LookupView finds a view by name, in any case.
func LookupView(name string) (*View, bool) {
	v, ok := views[strings.ToLower(name)]
	return v, ok
}

// ViewNames lists the views, sorted.
func ViewNames() []string {
	names := make([]string, 0, len(views))
	for name := range views {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

var views = map[string]*View{}

// register is called by the view_*.go files at start-up; two views of one name
// are a bug.
func register[T any](name string, fields []field[T], source func(*Snapshot) []T) bool {
	if views[name] != nil {
		panic("stats: view " + name + " registered twice")
	}
	views[name] = &View{
		Name:    name,
		Columns: columns(fields),
		rows:    func(s *Snapshot) [][]Cell { return rows(fields, source(s)) },
	}
	return true
}

// sorted returns a sorted copy: a Snapshot is never changed.
func sorted[T any](in []T, compare func(a, b T) int) []T {
	out := slices.Clone(in)
	slices.SortStableFunc(out, compare)
	return out
}
