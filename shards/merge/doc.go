// Package merge puts the ordered rows of several shards into one order, by
// sort keys that come in binary, as hidden last columns of every row.
//
// It owns the list of types whose order it knows exactly as PostgreSQL has
// it, the tree that finds the next row, the cutting off of hidden columns,
// and the counting of OFFSET and LIMIT. A type that is not on the list is not
// merged here: PostgreSQL sorts it in a combine query.
//
// It never reads or writes a conn, never copies a row, never guesses a
// collation, and does not put rows without an order together: that is mere
// concatenation.
//
// When rows come in a wrong order, ask comparator.go whether the type belongs
// on the list, then golden_test.go what PostgreSQL says.
package merge
