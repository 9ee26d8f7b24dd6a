package upstream

import (
	"cmp"
	"slices"
)

// maglevSize is the size of Maglev's table: a prime, more than a hundred times
// the upstreams that most pools have (the paper's small table, Envoy's default).
const maglevSize = 65537

// maglevTries is how many other slots are looked at for a key whose upstream is
// not usable, before the fairest of those that are is worked out.
const maglevTries = 16

// maglev is consistent hashing by a table (Eisenbud and others, Maglev, 2016):
// everybody fills slots in an order of its own, in turns by weight. Offset, skip
// and turns are as in Envoy, so that the same addresses make the same table.
type maglev struct {
	owners []uint16 // of the slots
}

// filler is one upstream while the table is made.
type filler struct {
	index        int
	at, skip     uint64 // its next slot, and from there to the one after it
	weight, paid int64
}

func newMaglev(c []*Upstream) *maglev {
	const free = ^uint16(0)
	t := &maglev{slices.Repeat([]uint16{free}, maglevSize)}
	fillers, most := fillersOf(c)
	for round, left := int64(1), maglevSize; left > 0 && len(c) > 0; round++ {
		for i := range fillers {
			f := &fillers[i]
			if round*f.weight < f.paid {
				continue
			}
			f.paid += most
			for t.owners[f.at] != free {
				f.at = (f.at + f.skip) % maglevSize
			}
			t.owners[f.at] = uint16(f.index)
			if left--; left == 0 {
				break
			}
		}
	}
	return t
}

// fillersOf is the upstreams in the order of their addresses, and the most that
// any of them weighs.
func fillersOf(c []*Upstream) (fs []filler, most int64) {
	for i, u := range c {
		name := []byte(u.Addr)
		fs = append(fs, filler{
			index: i, weight: int64(u.Weight),
			at: xxhash(name, 0) % maglevSize, skip: xxhash(name, 1)%(maglevSize-1) + 1,
		})
		most = max(most, int64(u.Weight))
	}
	slices.SortFunc(fs, func(a, b filler) int { return cmp.Compare(c[a.index].Addr, c[b.index].Addr) })
	return fs, most
}

// Select looks the key up. For one whose upstream is not usable other slots are
// drawn by the key: its load goes to all the others and not to a neighbour, and
// no other key moves, as it would if the table were made anew.
func (t *maglev) Select(c []*Upstream, usable members, a ask) *Upstream {
	usable = patient(c, usable, a)
	slot := mix(a.key)
	for range maglevTries {
		if o := int(t.owners[slot%maglevSize]); usable.has(o) {
			return c[o]
		}
		slot = mix(slot + 0x9e3779b97f4a7c15)
	}
	return rendezvous{}.Select(c, usable, a)
}
