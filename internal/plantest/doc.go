// Package plantest reads testdata/plan for the tests of the router and of the
// whole proxy: the schema, what the catalog says of it, the corpus of plain
// reads and that of writes in disguise.
//
// It owns the format of these files. It never judges a statement.
//
// Where to look: a file that is not understood, plantest.go.
package plantest
