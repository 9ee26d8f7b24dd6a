// Package admin is the console: the databases "pgbouncer" and "wye" that a
// PostgreSQL client can connect to, to look at the proxy and to steer it.
//
// It owns the console's small language (SHOW, the verbs, and what drivers send
// unasked), the rights to it, and one console session over the wire protocol,
// simple and extended. It speaks as PgBouncer's console does, so that the
// tools written for that one work.
//
// It never logs anybody in, never counts anything and touches no pool: what a
// SHOW shows comes from a stats.Snapshot, what a verb does is done by Control.
//
// When a command is refused, look at the table in command.go: rights are
// checked there and nowhere else. When a column is wrong, look in package
// stats. When a driver does not connect, look at params.go and at select.go.
package admin
