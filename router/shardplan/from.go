package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
)

// fromItem binds one item of FROM, whose rows matter as l says.
func (b *block) fromItem(n *pg_query.Node, l *level) *join {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		return b.rangeVar(n.RangeVar, l)
	case *pg_query.Node_JoinExpr:
		return b.joinExpr(n.JoinExpr, l)
	case *pg_query.Node_RangeSubselect:
		return b.subSelect(n.RangeSubselect, l)
	case *pg_query.Node_RangeFunction:
		return b.function(n.RangeFunction, l)
	case *pg_query.Node_RangeTableSample:
		b.expressions(append(slices.Clone(n.RangeTableSample.Args), n.RangeTableSample.Repeatable), l)
		j := b.fromItem(n.RangeTableSample.Relation, l)
		b.s.calls.sample = true
		return j
	case *pg_query.Node_RangeTableFunc:
		f := n.RangeTableFunc
		b.expressions(append(append(slices.Clone(f.Namespaces), f.Docexpr, f.Rowexpr), f.Columns...), l)
		return b.leaf(&item{alias: f.GetAlias().GetAliasname(), open: true, level: l})
	}
	b.s.refuse(refusef("", "an item of FROM is not supported on a sharded cluster"))
	return b.leaf(&item{open: true, level: l})
}

func (b *block) leaf(it *item) *join {
	it.block = b
	b.items = append(b.items, it)
	return &join{item: it, first: len(b.items) - 1, last: len(b.items)}
}

// rangeVar is a CTE, or else a relation.
func (b *block) rangeVar(v *pg_query.RangeVar, l *level) *join {
	if v.Schemaname == "" {
		for c := b.ctes; c != nil; c = c.next {
			if c.name == v.Relname {
				return b.cteReference(c, v, l)
			}
		}
	}
	it := b.relation(v)
	it.level = l
	if it.rel != nil && it.rel.Kind == 'v' {
		it.sub = b.view(it, l)
	}
	it.rename(v.Alias)
	return b.leaf(it)
}

// ofOneServer are views of what a session has, which for a client is on several
// server sessions, or with wye alone.
var ofOneServer = map[string]bool{"pg_cursors": true, "pg_prepared_statements": true}

// relation finds the relation that v names, without its CTEs.
func (b *block) relation(v *pg_query.RangeVar) *item {
	it := &item{block: b, alias: v.Relname, schema: v.Schemaname, ref: v}
	s := b.s
	if catalog.IsTempSchema(v.Schemaname) || v.Relpersistence == "t" {
		s.refuse(refusef("Load what it holds into a reference table.", "temporary tables are not supported on a sharded cluster"))
	}
	if catalog.IsOwnSchema(v.Schemaname) || v.Schemaname == "" && strings.HasPrefix(v.Relname, "pg_") {
		it.system, it.open = true, true
		if ofOneServer[v.Relname] {
			s.refuse(refusef("Ask a server directly.", "%s is not supported on a sharded cluster: each server has a part of it", v.Relname))
		}
		if v.Schemaname == "" && len(s.p.snapshot.Relations("", v.Relname)) > 0 {
			s.refuse(refusef("Name it with its schema.", "relation %q may be PostgreSQL's own or not", v.Relname))
		}
		return it
	}
	it.rel = s.p.snapshot.Resolve(s.searchPath, v.Schemaname, v.Relname)
	if it.rel == nil {
		it.open = true
		s.missing(v)
		return it
	}
	it.table = s.p.table(it.rel)
	for i := range it.rel.Columns {
		attr := &it.rel.Columns[i]
		it.names = append(it.names, attr.Name)
		it.ids = append(it.ids, s.column(column{name: attr.Name, item: it, attr: attr, from: b}))
	}
	s.judgeRelation(it)
	return it
}

// missing deals with a relation that the catalog does not have.
func (s *statement) missing(v *pg_query.RangeVar) {
	in := s.searchPath
	if v.Schemaname != "" {
		in = []string{v.Schemaname}
	}
	for _, schema := range in {
		if s.p.shardMap.Table(schema, v.Relname) != nil {
			r := refusef("If it has just been created, try again.", "relation %q does not exist", v.Relname)
			r.code, r.detail = "42P01", "The sharding configuration declares it, and the catalog of the lead shard does not have it."
			s.refuse(r)
			return
		}
	}
	s.ask("relation " + v.Relname + " is not known")
}

// judgeRelation refuses what no shard can answer for all.
func (s *statement) judgeRelation(it *item) {
	r := it.rel
	switch {
	case r.Kind == 'v':
		s.views = append(s.views, r)
	case r.Kind == 'f':
		s.refuse(refusef("Load what it holds into a reference table.", "foreign table %q is not supported on a sharded cluster", r.Name))
	case it.table == nil && r.Kind == 'S':
		s.refuse(refusef("", "sequence %q cannot be read on a sharded cluster: each shard has its own", r.Name))
	case it.table == nil:
		s.refuse(refusef(hintDeclare, "relation %q is not declared as sharded, reference or single", r.Name))
	case r.Secured:
		s.policies(r)
	}
}

// rename applies an alias, and its list of column names.
func (it *item) rename(a *pg_query.Alias) {
	if a == nil {
		return
	}
	it.alias, it.schema = a.Aliasname, ""
	for i, n := range a.Colnames {
		if i < len(it.names) {
			it.names[i] = n.GetString_().GetSval()
		}
	}
	if len(a.Colnames) > 0 && it.rel != nil {
		it.rel = nil // its names are no longer the catalog's; table and ids stay
	}
}

// subSelect is a sub-select in FROM.
func (b *block) subSelect(r *pg_query.RangeSubselect, l *level) *join {
	stmt := r.Subquery.GetSelectStmt()
	if stmt == nil {
		b.s.refuse(refusef("", "a sub-query that is not a SELECT is not supported on a sharded cluster"))
		return b.leaf(&item{open: true, level: l})
	}
	it := &item{level: l, lateral: r.Lateral}
	it.sub = b.derived(stmt, b.ctes, b.outer, b.sees, l, func(inner *block) {
		if r.Lateral {
			inner.outer, inner.sees = b, len(b.items)
		}
	})
	it.show(it.sub)
	it.rename(r.Alias)
	return b.leaf(it)
}

// derived binds a SELECT whose rows are an item of FROM of b. If it passes rows
// on one by one or in groups, what holds for its rows that matter is what holds
// at l, and the other way round; else it is a level of its own.
func (b *block) derived(stmt *pg_query.SelectStmt, ctes *cte, outer *block, sees int, l *level, set func(*block)) *block {
	inner := b.s.newBlock(b)
	inner.outer, inner.sees, inner.ctes = outer, sees, ctes
	set(inner)
	inner.level = l
	if !b.s.passesOn(stmt) {
		inner.level = &level{up: l}
	}
	b.derive = append(b.derive, inner)
	inner.bind(stmt)
	return inner
}

// passesOn reports whether conditions inside stmt and conditions on its output
// columns may be taken together.
func (s *statement) passesOn(stmt *pg_query.SelectStmt) bool {
	aggregated, grouped := s.aggregates(stmt)
	return stmt.Op == pg_query.SetOperation_SETOP_NONE && len(stmt.ValuesLists) == 0 && stmt.LimitCount == nil && stmt.LimitOffset == nil &&
		(!aggregated || grouped && !hasSets(stmt))
}

// show makes the output columns of sub the item's.
func (it *item) show(sub *block) {
	it.open = sub.outOpen
	it.names = slices.Clone(sub.outNames)
	for i, name := range sub.outNames {
		id := sub.passes(i)
		if id == 0 && sub.outIDs[i] != 0 { // known by its type, and no more
			from := sub.s.cols[sub.outIDs[i]]
			id = sub.s.column(column{name: name, item: it, attr: from.attr, from: sub.up, loose: from.loose})
		}
		it.ids = append(it.ids, id)
	}
}

// forget gives the item columns of its own, of the same types.
func (it *item) forget(s *statement) {
	for i, id := range it.ids {
		if id != 0 {
			it.ids[i] = s.column(column{name: it.names[i], item: it, attr: s.cols[id].attr, from: it.sub.up, loose: true})
		}
	}
}

// cteReference binds the body of a CTE anew for each reference: without
// volatile functions that is the same.
func (b *block) cteReference(c *cte, v *pg_query.RangeVar, l *level) *join {
	it := &item{alias: v.Relname, level: l}
	stmt := c.expr.Ctequery.GetSelectStmt()
	switch {
	case stmt == nil || c.rec || c.expr.SearchClause != nil || c.expr.CycleClause != nil: // of rows that were written, or that a recursion has made so far
		it.open = true
		c.self = c.self || c.rec
	default:
		c.rec = true
		it.sub = b.derived(stmt, c.own, c.owner.outer, c.owner.sees, l, func(*block) {})
		c.rec = false
		it.show(it.sub)
		if c.self { // the rows that a condition drops have been used to find others
			it.forget(it.sub.s)
		}
		for i, n := range c.expr.Aliascolnames {
			if i < len(it.names) {
				it.names[i] = n.GetString_().GetSval()
			}
		}
	}
	it.rename(v.Alias)
	return b.leaf(it)
}

// function is a function in FROM. Of its columns nothing is known.
func (b *block) function(f *pg_query.RangeFunction, l *level) *join {
	b.expressions(f.Functions, l)
	b.expressions(f.Coldeflist, l)
	return b.leaf(&item{alias: f.GetAlias().GetAliasname(), open: true, level: l})
}
