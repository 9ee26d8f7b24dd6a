// Command testsum runs `go test` and ends its output with one summary that
// can be trusted: how many tests passed, failed and were skipped, how long it
// took, and against which PostgreSQL the clusters of package testpg ran.
//
//	go run ./internal/testsum [-integration] [-again] [-race] -- ARGUMENTS OF GO TEST
//
// It owns the list of skips that are allowed (allowed.go); any other skipped
// test fails the run, and so does, with -integration, a run that booted no
// cluster. It never decides what a test means and never hides output of a
// package that failed.
//
// With -again up to five failed tests run again, each alone, because a
// machine that others use can starve a test of real servers. One that passes
// three times in a row is reported as UNSTEADY and does not fail the run; a
// data race, a panic or a time limit always does.
//
// With -race it runs under the race detector, and leaves out what a data race
// cannot show in (leftout.go); the summary says how much that is. A report of
// the detector fails the test in whose output it stands, even one that passed.
//
// When it breaks: a test that is missing from the counts is tally.go, a line
// that looks wrong is report.go. The events are those of `go doc test2json`.
package main
