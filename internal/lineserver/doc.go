// Package lineserver is a small TCP server for tests: it answers each line with
// its own name and the line, so that a test sees who answered. Main turns a test
// binary into such a server, a process that can be killed.
//
// It owns what it starts, and never guesses a port that somebody may have.
package lineserver
