package shardplan

import "github.com/wyeproxy/wye/router/plan"

// Options are what the session says of one execution.
type Options struct {
	Role plan.Role // which servers may run it: the router's verdict
	// Gather: rows may be moved to one PostgreSQL, within limits (wye.gather).
	Gather bool
	// MaxTier is 'A', 'B' or 'C'; 0 is 'C' (wye.max_tier).
	MaxTier byte
	// RefuseWrites: a statement may write on one shard only (multi_shard_write).
	RefuseWrites bool
	Hint         Hint

	// What the operator vouches for. LocalSequences: those of the shards never
	// give the same number. LocalUnique: a unique index without the sharding
	// key holds for all shards, for a reason of its own. LocalTriggers:
	// triggers and the like touch nothing but rows of the same sharding key.
	LocalSequences, LocalUnique, LocalTriggers bool
}

// Hint is what a comment or a setting says of the shard: its number, or a
// sharding key. It outweighs what the statement says, but must not contradict.
type Hint struct {
	HasShard bool
	Shard    int
	HasKey   bool
	Key      string // as text
}
