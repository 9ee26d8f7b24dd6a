// Command wye is a database-aware proxy for PostgreSQL: sub-commands, signals
// and exit codes. The proxy itself is package proxy.
//
// The end-to-end tests live here: wye as its users run it, in front of real
// servers. When a sub-command does the wrong thing, start at commands in
// main.go.
package main
