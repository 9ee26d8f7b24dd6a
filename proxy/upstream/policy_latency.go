package upstream

import "math"

// untried is the cost of a server that has work but has never answered: more
// than any that has, so that it gets one request and not a thousand, and by
// load among its like (Envoy's peak_ewma).
const untried = 1e18

// quicker draws two at random and takes the one that a request is likely to
// leave sooner: the power of two choices over a peak-sensitive average.
type quicker struct{}

func (quicker) Select(c []*Upstream, usable members, a ask) *Upstream {
	i, j := two(usable, a.r)
	if i != j && c[j].cost(a.now) < c[i].cost(a.now) {
		return c[j]
	}
	return c[i]
}

// cost is latency * (active+1) / weight. The average decays while nothing is
// heard, so that a slow server is tried again; and a server that owes answers
// is at least as slow as it has been silent, or one that hangs would look quick
// until it answered (nginx's least_time looks at the age in flight too).
func (u *Upstream) cost(now int64) float64 {
	active := u.active.Load()
	l := &u.latency
	rt := math.Float64frombits(l.avg.Load())
	switch {
	case rt == 0 && active > 0:
		rt = untried
	case active > 0:
		rt = max(rt*decay(now-l.at.Load(), u.tau), float64(now-l.moved.Load()))
	default:
		rt *= decay(now-l.at.Load(), u.tau)
	}
	return rt * float64(active+1) / float64(u.share(now))
}

// decay is what is left of a weight of 1 after that time.
func decay(elapsed, tau int64) float64 {
	x := float64(max(elapsed, 0)) / float64(tau)
	if x < 1./64 {
		return 1 - x // off by x*x/2 at most, and a busy server is always here
	}
	return math.Exp(-x)
}
