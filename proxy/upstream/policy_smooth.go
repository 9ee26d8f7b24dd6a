package upstream

import (
	"math/bits"
	"sync"
)

// smooth is nginx's smooth weighted round robin: at each turn everybody gains
// its weight, the richest is chosen and pays what all have gained. Weights
// 5, 1, 1 give a a b a c a a. Who is not usable neither gains nor pays.
type smooth struct {
	mu     sync.Mutex
	skip   uint64 // turns to be taken blind before the first
	credit [MaxUpstreams]int64
}

func (s *smooth) Select(c []*Upstream, usable uint64, w Want, _ uint64) *Upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; s.skip > 0; s.skip-- {
		s.turn(c, usable, w.Now)
	}
	return c[s.turn(c, usable, w.Now)]
}

func (s *smooth) turn(c []*Upstream, usable uint64, now int64) int {
	best, total := -1, int64(0)
	for m := usable; m != 0; m &= m - 1 {
		i := bits.TrailingZeros64(m)
		gain := c[i].share(now)
		total += gain
		s.credit[i] += gain
		if best < 0 || s.credit[i] > s.credit[best] {
			best = i
		}
	}
	s.credit[best] -= total
	return best
}
