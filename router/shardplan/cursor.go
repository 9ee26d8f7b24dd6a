package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// planCursor plans DECLARE CURSOR: on one shard as it is, over the rows of
// several otherwise.
func (a *Analysis) planCursor(s *statement, stmt *pg_query.DeclareCursorStmt) {
	sel := stmt.Query.GetSelectStmt()
	if sel == nil {
		a.refuse(refusef("", "a cursor over a statement that writes is not supported on a sharded cluster"))
		return
	}
	a.planSelect(s, &pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: stmt.Query}}}, sel)
	if a.multi == nil || a.multi.refused != nil {
		return
	}
	c, no := cursorOf(stmt)
	switch {
	case s.calls.locking:
		// Its rows are locked as they are fetched, and it shows what they are then.
		a.alone = refusef("Lock the rows by a SELECT of its own, or give the sharding key.", "a cursor FOR UPDATE or FOR SHARE over several shards is not supported").plan()
	case no != nil:
		a.alone = no.plan()
	default:
		a.cursor = c
	}
}

// cursorOptHold is CURSOR_OPT_HOLD of src/include/nodes/parsenodes.h.
const cursorOptHold = 0x20

// cursorOf takes a DECLARE apart, into what stands before the query and the query.
func cursorOf(stmt *pg_query.DeclareCursorStmt) (*plan.Cursor, *refusal) {
	const nothing = "SELECT"
	front := &pg_query.DeclareCursorStmt{Portalname: stmt.Portalname, Options: stmt.Options, Query: selectNothing()}
	declare, no := deparse(&pg_query.Node{Node: &pg_query.Node_DeclareCursorStmt{DeclareCursorStmt: front}})
	if no != nil {
		return nil, no
	}
	sql, no := deparse(stmt.Query)
	if no != nil {
		return nil, no
	}
	return &plan.Cursor{Name: stmt.Portalname, Hold: stmt.Options&cursorOptHold != 0, Declare: strings.TrimSuffix(declare, nothing), SQL: sql}, nil
}

func selectNothing() *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: &pg_query.SelectStmt{
		LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE,
	}}}
}
