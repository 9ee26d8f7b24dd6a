package upstream

import "sync"

// smooth is nginx's smooth weighted round robin: at each turn everybody gains
// its weight, the richest is chosen and pays what all have gained. Weights
// 5, 1, 1 give a a b a c a a. Who is not usable neither gains nor pays.
type smooth struct {
	mu     sync.Mutex
	skip   uint64 // turns to be taken blind before the first
	credit []int64
}

func newSmooth(n int, start uint64) *smooth {
	return &smooth{skip: start % uint64(max(n, 1)), credit: make([]int64, n)}
}

func (s *smooth) Select(c []*Upstream, usable members, a ask) *Upstream {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; s.skip > 0; s.skip-- {
		s.turn(c, usable, a.now)
	}
	return c[s.turn(c, usable, a.now)]
}

func (s *smooth) turn(c []*Upstream, usable members, now int64) int {
	best, total := -1, int64(0)
	for m := usable; !m.empty(); m = m.onward() {
		for ; m.word != 0; m.word &= m.word - 1 {
			i := m.first()
			gain := c[i].share(now)
			total += gain
			s.credit[i] += gain
			if best < 0 || s.credit[i] > s.credit[best] {
				best = i
			}
		}
	}
	s.credit[best] -= total
	return best
}
