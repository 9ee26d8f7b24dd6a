// Package fakepg is a server that answers every statement with a canned
// result in about two microseconds, so that a proxy in front of it is the
// bottleneck of a measurement. On one port it plays a primary, on another a
// standby of it, and it tells how many statements with rows each was sent.
//
// It owns its listeners and its one epoll thread. It lets everybody in, keeps
// no data and reads of a statement only the first letters, plus the number in
// canned(n), which asks for a result of n bytes. Only what wye asks for its own
// sake it knows in full: who a server is (proxy/watch), and its catalog, which
// is that of pgbench's tables (pgbench.catalog). It never checks that a
// client follows the protocol, so an answer of it proves nothing about a
// proxy: correctness is tested on real PostgreSQL.
//
// A proxy that hangs in front of it has most likely sent something answer
// does not know; Unknown counts that. A wye that sends it no reads has not
// understood role.go's answers, or has pgbench.catalog against it: the test
// TestCatalogOfPgbench in internal/bench rewrites that. Linux only.
package fakepg
