package shards

import (
	"math/bits"
	"strconv"
	"strings"
)

// MaxShards bounds a cluster: a Set is one word.
const MaxShards = 64

// Set is a set of shards, by index: a bit for each.
type Set uint64

// One is the set of shard i alone.
func One(i int) Set { return 1 << i }

// All is the set of the first n shards.
func All(n int) Set {
	if n >= MaxShards {
		return ^Set(0)
	}
	return 1<<n - 1
}

// Has reports whether shard i is in s.
func (s Set) Has(i int) bool { return s&(1<<i) != 0 }

// Len is how many shards are in s.
func (s Set) Len() int { return bits.OnesCount64(uint64(s)) }

// First is the lowest shard in s, which must not be empty.
func (s Set) First() int { return bits.TrailingZeros64(uint64(s)) }

// Each calls yield with each shard, lowest first.
func (s Set) Each(yield func(int) bool) {
	for ; s != 0; s &= s - 1 {
		if !yield(s.First()) {
			return
		}
	}
}

// String lists the shards: "0,1,3"; "none" for the empty set.
func (s Set) String() string {
	if s == 0 {
		return "none"
	}
	var b strings.Builder
	for i := range s.Each {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(i))
	}
	return b.String()
}
