// Package commit ends a transaction on several shards in one way: committed
// on all of them or on none, whatever is killed when.
//
// One shard that wrote is the decider. The others are prepared while the
// decider writes a decision row, as the last thing in the client's own
// transaction; its COMMIT is the decision, and what is prepared follows. So
// there is no coordinator whose disk could be lost: the names of prepared
// transactions say who decides, and Recovery of any proxy asks there. To ask
// is to put a tombstone where the decision row would be; one of the two can
// be committed, never both.
//
// It owns the schema wye on each shard (schema.go), the names of prepared
// transactions (name.go), and the goroutines of a phase, which it joins. It
// never dials by itself and knows no wire protocol: connections come by
// interfaces declared in conn.go. It never decides who wrote: that is the
// session's to know.
//
// When it breaks: what a client was told is outcome.go, the order of things
// is twophase.go, a prepared transaction that stays is recovery.go (its
// InDoubt says why), "too many prepared transactions" is budget.go.
package commit
