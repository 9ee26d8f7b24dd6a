// Package catalog is what a PostgreSQL database looks like to the router: an
// immutable [Snapshot] of the names that a statement can mention, and of what
// stands behind each: a function's volatility and source, a view's definition,
// the tables that a cascade reaches.
//
// It owns [Queries], the SQL that an ordinary user runs to load it, [Build],
// which makes a Snapshot of the answers, and the list of PostgreSQL's own
// functions and types (builtin.txt) with those among them that may never run
// on a replica (unsafe.go). The list works before any snapshot was loaded; a
// snapshot adds to it and never makes a listed function safe.
//
// It never asks a server itself, never parses SQL, and never decides: whether
// a statement is a read is package router's verdict.
//
// What a snapshot leaves out: temporary objects, which belong to one session;
// information_schema and the catalogs, which are read on the primary anyway
// because a replica knows of DDL only later.
//
// Where to look: a built-in function that is judged wrongly, unsafe.go, then
// builtin.txt (rewritten by WYE_REWRITE=1 go test from PostgreSQL 15); an
// object of the database that is not known, queries.go; rows that do not fit,
// build.go.
package catalog
