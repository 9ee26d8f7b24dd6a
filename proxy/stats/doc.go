// Package stats counts what the proxy does and shows it.
//
// It owns three things. Counting: a session keeps a Tally of plain fields and
// flushes it into its Pool, so that a query costs one short critical section.
// The Snapshot: plain data, assembled by package proxy, that describes the
// whole process at one moment. The views: every SHOW of the console as a table
// with typed columns. Console, metrics and JSON are all rendered from one
// Snapshot, so they cannot disagree.
//
// It never reads a clock (callers pass the time), never starts a goroutine and
// knows no connection, no configuration and no protocol: it imports nothing of
// ours.
//
// When a figure is wrong, look first at who fills the Snapshot (package
// proxy); when a column is missing or has a wrong type, in the view_*.go file
// of that SHOW; when a counter runs backwards, at Registry.Retire.
package stats
