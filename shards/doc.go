// Package shards is the shard map of one cluster: which table is sharded by
// which key and how, and so on which shards a row, or the rows of a
// predicate, may be.
//
// A [Map] is made from a [Spec] by [New], which says everything that is wrong
// at once, and never changes: a new map replaces it whole. Shards are known by
// index, in the order of the Spec. Tables of one map (their Group) are
// co-located: equal keys are on the same shard.
//
// Three kinds of map: consistent_hash (PostgreSQL's partition hash gives a
// slot, and a table of slots the shard: slots.go, place.go), range (ranges.go)
// and list (lists.go). plan.go says what one map would move to become another.
//
// It does no I/O and knows neither SQL nor servers. When a row is not where it
// is looked for: compare Version on both sides, then shardfunc.SelfCheck.
package shards
