package upstream

import (
	"math"
	"math/bits"
)

// rendezvous is consistent hashing by highest random weight (Thaler and
// Ravishankar, 1998; weights as -w/ln u, Schindelhauer and Schomaker, 2005).
// Against a ring or Maglev's table it is a loop over all upstreams for each
// pick, but there are at most 64, it needs no table to rebuild, keeps the
// fairest balance, and takes any subset of candidates: no key ever moves whose
// upstream stays.
type rendezvous struct {
	bound int64 // percent, see Settings.HashBound
}

func (h rendezvous) Select(c []*Upstream, usable uint64, w Want, _ uint64) *Upstream {
	if h.bound > 0 {
		usable = h.belowBound(c, usable, w.Now)
	}
	var best *Upstream
	var draw uint64
	var share int64 // of the best, as is draw
	for m := usable; m != 0; m &= m - 1 {
		u := c[bits.TrailingZeros64(m)]
		d, s := mix(w.Key^u.seed), u.share(w.Now)
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

// belowBound leaves those that hold less than bound percent of their fair share
// of requests in flight, this one included (consistent hashing with bounded
// loads, Mirrokni and others, 2016). Slots are rounded up, so they are more than
// what is in flight and somebody is below; should requests begin while we look,
// all may seem full, and then all are candidates.
func (h rendezvous) belowBound(c []*Upstream, usable uint64, now int64) uint64 {
	var active, weight int64
	for m := usable; m != 0; m &= m - 1 {
		u := c[bits.TrailingZeros64(m)]
		active += u.active.Load()
		weight += u.share(now)
	}
	slots := ceil((active+1)*max(h.bound, 100), 100)
	below := uint64(0)
	for m := usable; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		if c[i].active.Load() < ceil(slots*c[i].share(now), weight) {
			below |= 1 << i
		}
	}
	if below == 0 {
		return usable
	}
	return below
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }

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
