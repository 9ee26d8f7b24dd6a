package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// Analysis is all that one text means under one Planner. It never changes and
// may be shared; a new catalog or map wants a new one.
type Analysis struct {
	p *Planner

	reject *plan.Reject // whatever the arguments
	// hintable: a hint vouches for what is refused without one.
	hintable bool
	lead     bool // the lead shard answers
	any      bool // every shard would give the same answer
	writes   bool

	// set computes the shards that are concerned; one alone runs the text as it is.
	set *program
	// alone says why several cannot; nil if one of these says what they run.
	alone     *plan.Reject
	multi     *multi
	broadcast *plan.Broadcast
	after     *after // what runs before the broadcast
	all       bool   // a broadcast to all shards, even if there is one
	insert    *insert
	move      *move
	carry     *carry
	copyIn    *plan.CopyIn
	copyOut   *plan.CopyOut
	cursor    *plan.Cursor  // over the rows of multi
	copyRows  *plan.CopyOut // of the rows of multi

	// guards are refusals that an option lifts.
	sequences, unique, triggers *plan.Reject

	tables []*shards.Table // sharded ones, for hints
	direct *Program
	flat   bool // the statement is one block
}

// Analyze takes sql apart, as a session with this search_path means it: its
// schemas in order, with the user's name in place of "$user", and without
// pg_catalog, which must be first. It never fails: what the server would not
// understand is for the lead shard to refuse.
func (p *Planner) Analyze(sql string, searchPath []string) *Analysis {
	tree, err := sqlparse.Tree(sql)
	switch {
	case err != nil:
		// Newer syntax, or a text in another encoding, would run on one shard
		// and seem to have worked.
		return &Analysis{p: p, reject: refusef("Check its syntax; write it in UTF-8 and in PostgreSQL 16's grammar, and not too deeply nested.",
			"the statement is not understood, and might concern several shards").plan()}
	case len(tree.Stmts) == 0:
		return &Analysis{p: p, any: true}
	case len(tree.Stmts) == 1:
		a := p.analyze(tree, sql, searchPath)
		a.findDirect(sql, tree)
		return a
	}
	return p.several(tree, sql, searchPath)
}

// analyze plans a tree of one statement.
func (p *Planner) analyze(tree *pg_query.ParseResult, sql string, searchPath []string) *Analysis {
	a := &Analysis{p: p}
	s := newStatement(p, searchPath)
	s.sql, s.tree = strings.TrimRight(sql, "; \t\r\n"), tree.Stmts[0].Stmt
	switch n := tree.Stmts[0].Stmt.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
		a.planSelect(s, tree, n.SelectStmt)
	case *pg_query.Node_InsertStmt:
		a.planInsert(s, tree, n.InsertStmt)
	case *pg_query.Node_UpdateStmt:
		a.planUpdate(s, tree, n.UpdateStmt)
	case *pg_query.Node_DeleteStmt:
		a.planDelete(s, tree, n.DeleteStmt)
	case *pg_query.Node_MergeStmt:
		a.planMerge(s, n.MergeStmt)
	case *pg_query.Node_CopyStmt:
		a.planCopy(s, n.CopyStmt)
	case *pg_query.Node_ExplainStmt:
		a.planExplain(n.ExplainStmt, searchPath)
	case *pg_query.Node_DeclareCursorStmt:
		a.planCursor(s, n.DeclareCursorStmt)
	default:
		a.planUtility(s, tree.Stmts[0].Stmt, sql)
	}
	a.flat = s.blocks == 1
	return a
}

func (a *Analysis) refuse(r *refusal) { a.reject = r.plan() }

// several plans a text of several statements: it must concern one shard, for
// it is one transaction with one answer after the other.
func (p *Planner) several(tree *pg_query.ParseResult, sql string, searchPath []string) *Analysis {
	out := &Analysis{p: p, alone: refusef(hintOneByOne, "several statements in one text that concern several shards are not supported").plan()}
	var sets []*program
	for _, raw := range tree.Stmts {
		one := p.analyze(&pg_query.ParseResult{Version: tree.Version, Stmts: []*pg_query.RawStmt{raw}}, "", searchPath)
		out.writes = out.writes || one.writes
		out.tables = append(out.tables, one.tables...)
		for _, g := range [][2]**plan.Reject{{&out.sequences, &one.sequences}, {&out.unique, &one.unique}, {&out.triggers, &one.triggers}, {&out.reject, &one.reject}} {
			if *g[0] == nil {
				*g[0] = *g[1]
			}
		}
		switch {
		case one.lead:
			sets = append(sets, constant(shards.One(Lead)))
		case one.any:
		case one.set != nil && !one.all && one.move == nil && one.copyIn == nil:
			sets = append(sets, one.set)
		case one.insert != nil:
			sets = append(sets, one.insert.set())
		default:
			out.reject = out.alone
		}
	}
	out.any = len(sets) == 0
	out.set = or(p.shardMap.All(), sets...)
	return out
}
