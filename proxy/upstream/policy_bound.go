package upstream

// bound keeps a hot key from drowning its upstream: consistent hashing with
// bounded loads (Mirrokni and others, 2016). Who holds percent of its fair share
// of requests in flight, this one included, is passed over, and the key's next
// choice among the others is taken.
type bound struct {
	policy
	percent int64
}

func bounded(s Settings, by policy) policy {
	if s.HashBound <= 0 {
		return by
	}
	return bound{by, int64(max(s.HashBound, 100))}
}

func (b bound) Select(c []*Upstream, usable members, a ask) *Upstream {
	return b.policy.Select(c, b.below(c, usable, a.now), a)
}

// below leaves those below their bound. Slots are rounded up, so they are more
// than what is in flight and somebody is below; should requests begin while we
// look, all may seem full, and then all are candidates.
func (b bound) below(c []*Upstream, usable members, now int64) members {
	var active, weight int64
	for m := usable; !m.empty(); m = m.next() {
		u := c[m.first()]
		active += u.active.Load()
		weight += u.share(now)
	}
	slots := ceil((active+1)*b.percent, 100)
	return usable.thoseOrAll(func(i int) bool {
		return c[i].active.Load() < ceil(slots*c[i].share(now), weight)
	})
}

func ceil(a, b int64) int64 { return (a + b - 1) / b }
