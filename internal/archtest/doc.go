// Package archtest holds up the walls of the house: which room may import
// which, which rooms stay pure, where an outside module may be used, and how
// things may not be named.
//
// It owns the tables in walls.go, one row per rule with its reason. It reads
// `go list` and the syntax of the sources; it never builds or runs anything.
// What is not in a table is refused, so a new room, a new dependency or a new
// top-level folder needs a row, and a reason, in the same change.
//
// When it fails: the message names the file or room, the rule and the reason.
// Move the code, or, where the wall stands in the wrong place, move the wall.
package archtest
