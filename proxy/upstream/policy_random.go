package upstream

// random draws by weight.
type random struct{}

func (random) Select(c []*Upstream, usable members, a ask) *Upstream {
	var total int64
	for m := usable; !m.empty(); m = m.next() {
		total += c[m.first()].share(a.now)
	}
	x := int64(scale(a.r, uint64(total)))
	for m := usable; ; {
		u := c[m.first()]
		x -= u.share(a.now)
		// The last one is right even if shares shrank meanwhile.
		if m = m.next(); x < 0 || m.empty() {
			return u
		}
	}
}
