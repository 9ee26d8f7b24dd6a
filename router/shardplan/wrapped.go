package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// planExplain plans EXPLAIN, which must concern one shard: of several each has
// a plan of its own.
func (a *Analysis) planExplain(stmt *pg_query.ExplainStmt, searchPath []string) {
	inner := a.p.analyze(&pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: stmt.Query}}}, "", searchPath)
	inner.direct = nil
	*a = *inner
	a.alone = refusef("EXPLAIN ROUTE shows what runs on the shards; EXPLAIN that on one of them, by a hint.", "EXPLAIN over several shards is not supported").plan()
	if a.insert != nil {
		a.insert.alone = a.alone
	}
	if a.move != nil {
		a.move.alone = a.alone
	}
	if a.all && a.reject == nil || a.copyIn != nil || a.carry != nil && a.set == nil {
		a.reject = a.alone
	}
}

// planCursor plans DECLARE CURSOR, on one shard.
func (a *Analysis) planCursor(s *statement, stmt *pg_query.DeclareCursorStmt) {
	sel := stmt.Query.GetSelectStmt()
	if sel == nil {
		a.refuse(refusef("", "a cursor over a statement that writes is not supported on a sharded cluster"))
		return
	}
	a.planSelect(s, &pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: stmt.Query}}}, sel)
	a.alone = refusef("Give the sharding key, or read the rows without a cursor.", "a cursor over several shards is not supported").plan()
	a.multi = nil
}
