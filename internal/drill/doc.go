// Package drill proves by measurement what is promised about replicas and
// failover: it puts load on a connection string, hurts real servers meanwhile,
// and counts what a client noticed.
//
// Kills and Switchovers write ids and compare the acknowledged ones with the
// table that survives. Freshness reads what sessions wrote while Lag makes
// replicas late. Outages read known contents while replicas die or freeze.
// Corpus finds in the servers' own logs which of them a statement reached.
// Each has a report with a one-line String, and counts that make it short or
// long. It owns its tables, all named drill_*, and its load's goroutines.
//
// It knows nothing of the proxy: the string may lead to a plain server, and
// this package's tests do just that, to show that each count can be other
// than 0. It does not import testing and judges nothing: tests do.
//
// When it breaks: load is writers.go, reads.go and session.go; who is hurt and
// healed is kills.go, switchovers.go, outages.go and lag.go.
package drill
