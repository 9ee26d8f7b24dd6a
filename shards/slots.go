package shards

import (
	"math/bits"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// slots is a consistent hash: a key's row hash mod the number of slots finds its
// owner.
//
// Slots are numbered by the reversed bits of that remainder. So neighbours
// belong together: an aligned run of 2^k slots is one remainder of the hash, and
// one partition of PostgreSQL's own hash partitioning by a small modulus.
type slots struct {
	owner  []uint8 // by remainder
	holder Set
}

func newSlots(bySlot []uint8) *slots {
	s := &slots{owner: make([]uint8, len(bySlot))}
	for slot, shard := range bySlot {
		s.owner[reversed(slot, len(bySlot))] = shard
		s.holder |= One(int(shard))
	}
	return s
}

// reversed turns a slot of n into its remainder, and back. n is a power of two.
func reversed(i, n int) int {
	return int(bits.Reverse32(uint32(i)) >> (33 - bits.Len32(uint32(n))))
}

// bySlot are the owners in the order of slots.
func (s *slots) bySlot() []uint8 {
	list := make([]uint8, len(s.owner))
	for i := range list {
		list[i] = s.owner[reversed(i, len(list))]
	}
	return list
}

func (s *slots) locate(key []shardfunc.Value) int {
	return int(s.owner[shardfunc.RowHash(key...)&uint64(len(s.owner)-1)])
}

func (s *slots) all() Set { return s.holder }

// maxCounted is the most keys of a range that are looked up one by one.
const maxCounted = 1024

// between counts integers out where there are few.
func (s *slots) between(lo, hi Bound) Set {
	if lo.Value.IsNull() || hi.Value.IsNull() || lo.Value.Type() != shardfunc.Int8 {
		return s.holder
	}
	first, last := lo.Value.Int64(), hi.Value.Int64()
	if n := uint64(last) - uint64(first); n > maxCounted {
		return s.holder
	}
	set := Set(0)
	for n := first; ; n++ { // not n <= last, which is always so of the largest
		if (n > first || lo.Inclusive) && (n < last || hi.Inclusive) {
			set |= One(s.locate([]shardfunc.Value{shardfunc.Int(n)}))
		}
		if n == last {
			return set
		}
	}
}
