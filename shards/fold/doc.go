// Package fold puts partial aggregates of several shards together: rows that
// agree in their keys become one, whose counts and sums are added up, whose
// least and greatest values are compared, and so on.
//
// It owns the closed list of what is exact without an evaluator: keys whose
// equality is that of their bytes, sums of integers and numerics (never of
// floats, which depend on the order), averages by the rules that PostgreSQL's
// numeric division has for the scale of its result, the order of the groups,
// and the text of the types that do not depend on the session's settings. All
// other text is the server's own, in a column beside the value ([Twin]).
//
// It never reads or writes a conn, never sees a frame, and holds a row per
// group and nothing else. How much that may be is for the caller to bound
// ([Folder.Size]).
//
// When a sum or an average is wrong, ask sum.go and average.go; a group that
// is there twice, types.go.
package fold
