package upstream

import "sync/atomic"

// turns remembers at which turn each upstream was chosen last. Whoever has
// waited longest comes first: with the same candidates each time that is plain
// rotation, and with other ones each time (replicas that are fresh enough for
// one read and not for the next) it still evens out, where a counter modulo
// their number may fall into step with the changes.
type turns struct {
	now   atomic.Int64
	taken []atomic.Int64
}

// newTurns has n upstreams wait in their order, beginning with start.
func newTurns(n int, start uint64) *turns {
	t := &turns{taken: make([]atomic.Int64, n)}
	for i := range n {
		at := (start + uint64(i)) % uint64(n)
		t.taken[at].Store(int64(i - n))
	}
	return t
}

// take gives i this turn, unless somebody else has just given it one.
func (t *turns) take(i int, last int64) bool {
	return t.taken[i].CompareAndSwap(last, t.now.Add(1))
}

// roundRobin gives everybody the same number of turns.
type roundRobin struct{ *turns }

func (t roundRobin) Select(c []*Upstream, usable members, a ask) *Upstream {
	for {
		if i, last := t.longest(c, usable, a.now, a.r); t.take(i, last) {
			return c[i]
		}
	}
}

// longest is who has waited longest, and since when. One in slow start is
// passed over so often that it gets its share, unless all are: exactly when it
// is the only such one, nearly (a third off at worst) beside others. Each draws
// for itself, or they would come and go together.
func (t roundRobin) longest(c []*Upstream, usable members, now int64, r uint64) (int, int64) {
	best, other := -1, -1
	var last, otherLast int64
	for m := usable; !m.empty(); m = m.next() {
		i := m.first()
		u, at := c[i], t.taken[i].Load()
		if other < 0 || at < otherLast {
			other, otherLast = i, at
		}
		if best >= 0 && at >= last {
			continue
		}
		if s := u.share(now); s < u.full && int64(scale(mix(r^u.seed), uint64(u.full))) >= s {
			continue
		}
		best, last = i, at
	}
	if best < 0 {
		return other, otherLast
	}
	return best, last
}
