package upstream

// pair is the power of two choices (Mitzenmacher, 1996): of two drawn at random
// the one with the lower (active+1)/weight. It looks at two however many there
// are, and many proxies that cannot see each other's load do not all take the
// same.
type pair struct{}

func (pair) Select(c []*Upstream, usable members, a ask) *Upstream {
	i, j := two(usable, a.r)
	x, y := c[i], c[j]
	// a/s against b/t, without dividing
	if (y.active.Load()+1)*x.share(a.now) < (x.active.Load()+1)*y.share(a.now) {
		return y
	}
	return x
}

// two is two members drawn at random, different ones where there are two.
func two(m members, r uint64) (int, int) {
	n := uint64(m.count())
	i := scale(r, n)
	a := m.nth(int(i))
	if n == 1 {
		return a, a
	}
	// The second draw is from the low half of r, and from the others.
	j := scale(r<<32, n-1)
	if j >= i {
		j++
	}
	return a, m.nth(int(j))
}
