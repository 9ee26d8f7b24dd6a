package upstream

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
)

// The size of a ring.
const (
	pointsPerWeight = 512     // of an upstream of weight 1: load varies by 1/sqrt(512), 4 %; nginx's 160 are 8 %
	mostPoints      = 1 << 19 // of a ring, however unequal its weights: 5 MiB
)

// ring is consistent hashing by points on a circle (Karger and others, 1997): a
// key belongs to the first point after it whose upstream is usable. A point is
// the hash of ADDR_i, as in Envoy.
type ring struct {
	points []uint64 // ascending
	owners []uint16 // of the points
}

func newRing(c []*Upstream) *ring {
	type point struct {
		at    uint64
		owner uint16
	}
	var all []point
	for i, n := range ringShares(c) {
		name := append([]byte(c[i].Addr), '_')
		for j := range n {
			all = append(all, point{xxhash(strconv.AppendInt(name, int64(j), 10), 0), uint16(i)})
		}
	}
	// Should two points fall in one place, every process decides alike.
	slices.SortFunc(all, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(c[a.owner].Addr, c[b.owner].Addr))
	})
	r := &ring{make([]uint64, len(all)), make([]uint16, len(all))}
	for i, p := range all {
		r.points[i], r.owners[i] = p.at, p.owner
	}
	return r
}

// ringShares is how many points each upstream has: by weight, one at least.
func ringShares(c []*Upstream) []int {
	unit, total := 0, 0
	for _, u := range c {
		unit = gcd(unit, u.Weight)
		total += u.Weight
	}
	ns := make([]int, len(c))
	for i, u := range c {
		ns[i] = pointsPerWeight * u.Weight / unit
		if most := total / unit; most > mostPoints/pointsPerWeight {
			ns[i] = max(1, int(int64(mostPoints)*int64(u.Weight)/int64(total)))
		}
	}
	return ns
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (r *ring) Select(c []*Upstream, usable members, a ask) *Upstream {
	usable = patient(c, usable, a)
	key := mix(a.key)
	i := sort.Search(len(r.points), func(i int) bool { return r.points[i] >= key })
	// Everybody has a point, so within one round somebody usable comes.
	for ; ; i++ {
		if i >= len(r.points) {
			i = 0
		}
		if o := int(r.owners[i]); usable.has(o) {
			return c[o]
		}
	}
}
