package upstream

// least chooses the least (active+1)/weight (HAProxy's leastconn key, with one
// added so that an idle heavy server comes before an idle light one); of equals
// the one that has waited longest.
type least struct{ *turns }

func (l least) Select(c []*Upstream, usable members, a ask) *Upstream {
	best := -1
	var load, share, last int64 // of the best
	for m := usable; !m.empty(); m = m.onward() {
		for ; m.word != 0; m.word &= m.word - 1 {
			i := m.first()
			n, s, t := c[i].active.Load()+1, c[i].share(a.now), l.taken[i].Load()
			// n/s against load/share, without dividing
			mine, his := n*share, load*s
			if best < 0 || mine < his || mine == his && t < last {
				best, load, share, last = i, n, s, t
			}
		}
	}
	// Whether this or another pick of the same moment gets the turn is all one.
	l.take(best, last)
	return c[best]
}
