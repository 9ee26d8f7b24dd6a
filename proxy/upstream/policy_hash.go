package upstream

import "math"

// rendezvous is consistent hashing by highest random weight (Thaler and
// Ravishankar, 1998; weights as -w/ln u, Schindelhauer and Schomaker, 2005).
// Against a ring or Maglev's table it is a loop over all upstreams for each
// pick, but it needs no table to rebuild, keeps the fairest balance, and takes
// any subset of candidates: no key ever moves whose upstream stays.
type rendezvous struct{}

func (rendezvous) Select(c []*Upstream, usable members, a ask) *Upstream {
	var best *Upstream
	var draw uint64
	var share int64 // of the best, as is draw
	for m := usable; !m.empty(); m = m.next() {
		u := c[m.first()]
		d, s := mix(a.key^u.seed), u.share(a.now)
		if best == nil || beats(d, s, draw, share) {
			best, draw, share = u, d, s
		}
	}
	return best
}

// beats compares -ln(draw)/share, the draws taken as fractions of one; equal
// shares need no logarithm.
func beats(draw uint64, share int64, other uint64, otherShare int64) bool {
	if share == otherShare {
		return draw > other
	}
	return logOf(draw)*float64(otherShare) > logOf(other)*float64(share)
}

// logOf is ln of a draw's 53 upper bits as a fraction; half a step up keeps it
// above 0, where the logarithm ends.
func logOf(draw uint64) float64 { return math.Log((float64(draw>>11) + 0.5) / (1 << 53)) }

// patient leaves out those in slow start as often as their share wants it, by
// the key: keys come back to an upstream one by one, and none goes back and
// forth. It is for tables, which are made for full weights.
func patient(c []*Upstream, usable members, a ask) members {
	if u := c[usable.first()]; u.window == 0 {
		return usable // slow start is a setting of the pool
	}
	return usable.thoseOrAll(func(i int) bool {
		u := c[i]
		s := u.share(a.now)
		return s >= u.full || int64(scale(mix(a.key^u.seed), uint64(u.full))) < s
	})
}

// seedOf is FNV-1a of an address: the same in every process and release, or
// keys would move when one of them restarts.
func seedOf(addr string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(addr) {
		h = (h ^ uint64(addr[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
