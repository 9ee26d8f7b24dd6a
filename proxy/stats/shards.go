package stats

import "time"

// ShardRow is one shard of a sharded cluster.
type ShardRow struct {
	Cluster  string
	Shard    string
	Index    int    // its number in the map, and in the names of prepared transactions
	Primary  string // host:port; empty when none is known to be up
	Replicas int    // that are up
	// Ready: it has a primary, which hashes as wye does and can take part in
	// commits on several shards, if it has to.
	Ready bool
	Why   string // why it is not
}

// DoubtRow is a transaction that is prepared on one shard and not finished,
// as the last look at that shard found it.
type DoubtRow struct {
	Cluster string
	GID     string // empty: the shard could not be looked at
	Shard   string
	Decider string // the shard whose decision counts
	Owner   string // the role that prepared it
	Age     time.Duration
	State   string // live, young, undecided, committed, aborted, stranger; unseen without a GID
	Why     string // why it stays
}

// DriftRow is one thing that a shard has not in common with the lead shard
// of its cluster.
type DriftRow struct {
	Cluster string
	Shard   string
	Object  string // what it is of, with its schema
	What    string // what of it; empty: all of it
	Lead    string // how the lead shard has it; empty: not at all
	Here    string // how this shard has it
}
