package upstream

// narrowest chooses who has moved the fewest bytes of late for its weight, those
// that its requests in flight will probably move included: between two looks at
// the counters, everybody would go to the same server else. Of equals, as when
// nothing has been counted yet, it takes the one that has waited longest.
type narrowest struct{ *turns }

func (n narrowest) Select(c []*Upstream, usable members, a ask) *Upstream {
	best := -1
	var load float64 // of the best
	var last int64
	for m := usable; !m.empty(); m = m.next() {
		i := m.first()
		l, t := c[i].width(a.now), n.taken[i].Load()
		if best < 0 || l < load || l == load && t < last {
			best, load, last = i, l, t
		}
	}
	n.take(best, last)
	return c[best]
}

// width is the bytes of late and those to come, one request more included, by
// weight.
func (u *Upstream) width(now int64) float64 {
	coming := 0.0
	if picks := u.picks.Load(); picks > 0 {
		coming = float64(u.flow.total.Load()) / float64(picks) * float64(u.active.Load()+1)
	}
	return (u.flow.recent(now) + coming) / float64(u.share(now))
}
