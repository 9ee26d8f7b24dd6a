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
