// Package leakcheck looks for session state that leaks between the clients of
// a pooler. Many pairs of sessions, one through the pooler and one straight to
// PostgreSQL, are given the same random steps (SET, transactions, statements,
// temporary tables, cursors, locks, LISTEN, pipelines); after each step both
// must have seen the same rows, SQLSTATEs, notifications, reported settings
// and transaction status.
//
// It owns the steps and the comparison. It knows nothing of the pooler: what
// it finds is what an application would have noticed. The pooled sessions and
// the private ones work in two databases of equal contents, since locks and
// channels belong to a database.
//
// A step is chosen by a seeded generator, so a session's steps can be had
// again; how sessions interleave cannot. When a difference shows, the report
// carries the steps that led there, and both sides begin anew.
package leakcheck
