// Package rewrite turns one SELECT over several shards into what each shard
// runs (the leg) and what makes one answer of the shards' rows: a merge that
// the proxy does itself ([Select], tier A); a fold of partial aggregates, which
// it does too; or a combine query that a real PostgreSQL runs over the
// collected rows (tier B; tier C where the legs move plain rows, [Gather]).
//
// It owns the rules of what may be pushed to the shards, and the arithmetic
// of partial aggregates. It never resolves a name: the caller says by [Scope]
// what a column is, and has made sure that rows that are joined stand on one
// shard. It never changes the tree that it is given, and never runs anything.
//
// What it relies on of who runs the plan: a parameter has the type in legs
// and combine that PostgreSQL gave it in the client's own statement; columns
// are passed as arrays of the type that the leg's RowDescription names; a
// negative LIMIT or OFFSET of a merge or a fold is refused as PostgreSQL does
// (2201W, 2201X), and one whose parameter has not an integer's type is refused; legs and
// combine run with the client's session parameters.
//
// Everything it does not know to be right it refuses. A statement that it
// prints is parsed again and compared with the tree that was meant.
//
// Where to look: a wrong order, order.go and types.go; a wrong aggregate,
// aggregate.go, or fold.go if the plan says fold; a wrong column name, names.go;
// a wrong type modifier or collation, shape.go; something pushed that must not be, push.go.
package rewrite
