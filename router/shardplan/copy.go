package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

func (a *Analysis) planCopy(s *statement, stmt *pg_query.CopyStmt) {
	if stmt.Filename != "" || stmt.IsProgram {
		a.refuse(refusef("COPY to and from the client: STDIN, STDOUT, or \\copy.", "COPY with files and programs of servers is not supported on a sharded cluster"))
		return
	}
	if stmt.Query != nil {
		a.copyQuery(s, stmt)
		return
	}
	s.countParams(stmt)
	b := a.begin(s, stmt)
	a.writes = stmt.IsFrom
	it := b.relation(stmt.Relation)
	it.level = b.level
	b.leaf(it)
	b.expressions([]*pg_query.Node{stmt.WhereClause}, b.level)
	if !a.judge(s, s.reads()) {
		return
	}
	if it.table == nil {
		a.refuse(refusef("COPY (SELECT ...) TO.", "COPY of view %q is not supported on a sharded cluster", it.rel.Name))
		return
	}
	format, no := copyFormat(stmt, copyColumns(it, stmt))
	switch {
	case it.table.Kind == shards.Single:
		a.set = constant(shards.One(it.table.Home))
	case no != nil:
		a.refuse(no)
	case stmt.IsFrom:
		a.copyFrom(s, it, stmt, format)
	case it.table.Kind == shards.Reference:
		a.any = true
	default:
		a.set = constant(a.p.shardMap.Holders(it.table))
		a.copyOut = copyLegs(s, format, it.table.Name)
	}
}

func copyColumns(it *item, stmt *pg_query.CopyStmt) []string {
	if len(stmt.Attlist) > 0 {
		return names(stmt.Attlist)
	}
	return writable(it.rel)
}

func (a *Analysis) copyFrom(s *statement, it *item, stmt *pg_query.CopyStmt, format plan.CopyFormat) {
	a.guard(it, true)
	columns := copyColumns(it, stmt)
	missing := func(name string) bool { return !slices.Contains(columns, name) }
	reference := it.table.Kind == shards.Reference
	for i := range it.rel.Columns {
		c := &it.rel.Columns[i]
		serial := c.Identity != 0 || strings.Contains(c.Default, "nextval(")
		switch {
		case !missing(c.Name) || c.Generated:
		case serial && !reference:
			a.sequences = refusef("COPY the column too, or set sharding.local_sequences if the sequences of the shards never meet.",
				"column %q of %q takes its default from a sequence, and each shard has its own", c.Name, it.rel.Name).plan()
		case reference && (serial || c.Default != "" && !constantDefault(c.Default)):
			a.refuse(refusef("COPY the column too.", "the default of column %q of reference table %q is not the same on every shard", c.Name, it.rel.Name))
			return
		}
	}
	if s.calls.volatile != "" || s.calls.now != "" && reference {
		a.refuse(refusef("", "COPY FROM with a volatile condition is not supported on a sharded cluster"))
		return
	}
	c := &plan.CopyIn{Schema: it.table.Schema, Table: it.table.Name, SQL: s.sql, Columns: len(columns), Format: format,
		Shards: a.p.shardMap.Holders(it.table), Reference: reference, Why: strings.Join(it.table.Keys, ", ")}
	if reference {
		c.Why = "reference table " + it.table.Name
	}
	for _, name := range it.table.Keys {
		at := slices.Index(columns, name)
		if at < 0 {
			s.refuseKey(it, name)
			a.refuse(s.refused)
			return
		}
		c.Key = append(c.Key, at)
	}
	a.copyIn = c
}

// constantDefault: a default that calls nothing.
func constantDefault(text string) bool {
	return !strings.Contains(text, "(") && !strings.HasPrefix(strings.ToUpper(text), "CURRENT_") && !strings.HasPrefix(strings.ToUpper(text), "LOCALTIME")
}

// copyQuery plans COPY (SELECT ...) TO STDOUT.
func (a *Analysis) copyQuery(s *statement, stmt *pg_query.CopyStmt) {
	sel := stmt.Query.GetSelectStmt()
	if sel == nil {
		a.refuse(refusef("", "COPY of a statement that writes is not supported on a sharded cluster"))
		return
	}
	a.planSelect(s, &pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: stmt.Query}}}, sel)
	if a.multi == nil || a.multi.refused != nil {
		return
	}
	format, no := copyFormat(stmt, nil)
	if no != nil {
		a.refuse(no)
		return
	}
	if a.multi.asItIs() {
		a.copyOut = copyLegs(s, format, a.multi.scatter.Why)
		a.multi = nil
		return
	}
	out := &plan.CopyOut{Format: format}
	if out.Quoted, out.QuoteAll, no = writerOptions(stmt, format); no == nil {
		out.Query, no = deparse(stmt.Query)
	}
	if no != nil {
		a.alone = no.plan()
		return
	}
	a.copyRows = out
}

// asItIs reports whether each shard runs the SELECT of the text, and the rows
// need no more than to stand behind each other.
func (m *multi) asItIs() bool {
	how := m.scatter.Merge
	return how != nil && how.Hidden == 0 && !how.Limit.Set && !how.Offset.Set && len(m.parts) == 0 && !m.now &&
		len(m.scatter.Legs) == 1 && len(m.scatter.Legs[0].Args) == 0
}

// copyLegs sends the client's own text: the deparser cannot print all options.
func copyLegs(s *statement, format plan.CopyFormat, why string) *plan.CopyOut {
	return &plan.CopyOut{Legs: []plan.Leg{{SQL: s.sql}}, Format: format, Why: why}
}

// copied is the plan of COPY (SELECT ...) TO whose rows wye puts together.
func (a *Analysis) copied(args []plan.Arg, o *Options) plan.Plan {
	made := a.scattered(args, o)
	rows, ok := made.(*plan.Scatter)
	if !ok {
		return made
	}
	out := *a.copyRows
	out.From = rows
	return &out
}
