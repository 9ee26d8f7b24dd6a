package admin

import (
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/proxy/stats"
)

// boolean is PostgreSQL's bool (pg_type.dat); no view has such a column.
const boolean stats.Type = 16

// function is a SELECT without a table that drivers and health checks use.
type function struct {
	typ   stats.Type
	value func(*session) string
}

var functions = map[string]function{
	"version":                {stats.Text, func(s *session) string { return versionText(s) }},
	"current_database":       {stats.Text, func(s *session) string { return s.Database }},
	"current_catalog":        {stats.Text, func(s *session) string { return s.Database }},
	"current_schema":         {stats.Text, func(*session) string { return "public" }},
	"current_user":           {stats.Text, func(s *session) string { return s.User }},
	"session_user":           {stats.Text, func(s *session) string { return s.User }},
	"user":                   {stats.Text, func(s *session) string { return s.User }},
	"pg_is_in_recovery":      {boolean, func(*session) string { return "f" }},
	"pg_advisory_unlock_all": {stats.Text, func(*session) string { return "" }},
}

func versionText(s *session) string {
	v, _ := stats.LookupView("version")
	return v.Table(s.control.Snapshot()).Rows[0][0].Text
}

// parseSelect knows SELECT as PgBouncer's other word for SHOW, SELECT of a
// constant, and a few functions.
func parseSelect(_ *session, a *args) (*plan, error) {
	if len(a.rest) == 0 {
		return nil, a.unexpected()
	}
	if p, ok := selectConstant(a); ok {
		return p, nil
	}
	if p, ok := selectFunction(a); ok {
		return p, nil
	}
	if p, ok := showView(a); ok {
		return p, a.clauses(p)
	}
	return nil, syntaxAt(a.query, a.rest[0].pos,
		`the console answers SELECT of a view, a constant or a few functions, not of "`+shorten(a.rest[0].text)+`"`)
}

func selectConstant(a *args) (*plan, bool) {
	first, typ := a.rest[0], stats.Text
	if first.kind == word {
		if _, err := strconv.ParseInt(first.text, 10, 32); err != nil {
			return nil, false
		}
		typ = stats.Int4
	} else if first.kind != str {
		return nil, false
	}
	a.rest = a.rest[1:]
	return oneValue("?column?", typ, "SELECT 1", func(*session) string { return first.text }), true
}

func selectFunction(a *args) (*plan, bool) {
	name := strings.TrimPrefix(strings.ToLower(a.rest[0].text), "pg_catalog.")
	f, ok := functions[name]
	called := len(a.rest) >= 3 && a.rest[1].is("(") && a.rest[2].is(")")
	// VERSION alone is the view, as PgBouncer's SELECT VERSION.
	if !ok || a.rest[0].kind != word || name == "version" && !called {
		return nil, false
	}
	a.rest = a.rest[1:]
	if called {
		a.rest = a.rest[2:]
	}
	return oneValue(name, f.typ, "SELECT 1", f.value), true
}
