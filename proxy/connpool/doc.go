// Package connpool lends connections to PostgreSQL servers.
//
// A Pool holds the server conns of one (database, user). A session acquires
// a Conn, lets it adopt the session's parameters (Conn.Adopt) and prepare
// the statements it needs (Conn.Has, Conn.Remember), and releases it when
// the server is idle and holds nothing of the session's. The package owns
// server conns from dial to close, the queue of waiting sessions, and what is
// known about each server session: its parameters and prepared statements.
//
// It never reads a client, never parses SQL, and never relays: a Conn's bytes
// belong to the session that borrowed it. When clients wait though servers
// are idle, look at pool.go; when one client sees another's parameters or
// statements, at params.go, adopt.go and prepared.go.
package connpool
