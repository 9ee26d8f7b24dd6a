package stats

import (
	"cmp"
	"time"
)

// The views of shards, and of what is under way on several of them.
var (
	_ = register("shards", []field[ShardRow]{
		col("cluster", Text, func(s *ShardRow) Cell { return text(s.Cluster) }),
		col("shard", Text, func(s *ShardRow) Cell { return text(s.Shard) }),
		col("index", Int4, func(s *ShardRow) Cell { return i4(s.Index) }),
		col("primary", Text, func(s *ShardRow) Cell { return textOrNull(s.Primary) }),
		col("replicas", Int4, func(s *ShardRow) Cell { return i4(s.Replicas) }),
		col("ready", Text, func(s *ShardRow) Cell { return text(yesNo(s.Ready)) }),
		col("why", Text, func(s *ShardRow) Cell { return textOrNull(s.Why) }),
	}, func(s *Snapshot) []ShardRow {
		return sorted(s.Shards, func(a, b ShardRow) int {
			return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Index, b.Index))
		})
	})
	_ = register("drift", []field[DriftRow]{
		col("cluster", Text, func(d *DriftRow) Cell { return text(d.Cluster) }),
		col("shard", Text, func(d *DriftRow) Cell { return text(d.Shard) }),
		col("object", Text, func(d *DriftRow) Cell { return text(d.Object) }),
		col("what", Text, func(d *DriftRow) Cell { return textOrNull(d.What) }),
		col("lead", Text, func(d *DriftRow) Cell { return textOrNull(d.Lead) }),
		col("here", Text, func(d *DriftRow) Cell { return textOrNull(d.Here) }),
	}, func(s *Snapshot) []DriftRow {
		return sorted(s.Drift, func(a, b DriftRow) int {
			return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.Object, b.Object), cmp.Compare(a.What, b.What))
		})
	})
	_ = register("in_doubt", []field[DoubtRow]{
		col("cluster", Text, func(d *DoubtRow) Cell { return text(d.Cluster) }),
		col("gid", Text, func(d *DoubtRow) Cell { return textOrNull(d.GID) }),
		col("shard", Text, func(d *DoubtRow) Cell { return text(d.Shard) }),
		col("decider", Text, func(d *DoubtRow) Cell { return textOrNull(d.Decider) }),
		col("owner", Text, func(d *DoubtRow) Cell { return textOrNull(d.Owner) }),
		col("age_ms", Int8, func(d *DoubtRow) Cell { return known(int64(d.Age/time.Millisecond), d.GID != "") }),
		col("state", Text, func(d *DoubtRow) Cell { return text(d.State) }),
		col("why", Text, func(d *DoubtRow) Cell { return textOrNull(d.Why) }),
	}, func(s *Snapshot) []DoubtRow {
		return sorted(s.InDoubt, func(a, b DoubtRow) int {
			return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(b.Age, a.Age), cmp.Compare(a.Shard, b.Shard), cmp.Compare(a.GID, b.GID))
		})
	})
)
