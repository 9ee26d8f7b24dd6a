package upstream

import (
	"math"
	"time"
)

// View is one upstream for the console: a copy, at one moment.
type View struct {
	Name, Addr, Zone string
	State            string        // up, down, unknown, draining or ejected
	Why              string        // of down: the reason; of up: what the latest check reported
	Since            int64         // when health last changed, by the pool's clock
	Weight           int           // as configured
	Share            float64       // of its weight, 1 but for slow start
	Active           int64         // requests in flight
	Picks            int64         // times chosen
	Failures         int64         // requests that ended not ok
	EWMA             time.Duration // latency, as a peak-sensitive average; 0 is not measured
	EjectedUntil     int64         // by the pool's clock; 0 is not ejected
}

// View shows the pool's upstreams at that time of its clock, in their order.
func (p *Pool) View(now int64) []View {
	p.mu.Lock()
	defer p.mu.Unlock()
	ups := p.set.Load().ups
	vs := make([]View, len(ups))
	for i, u := range ups {
		vs[i] = u.view(now)
	}
	return vs
}

// view is one row. The caller holds Pool.mu.
func (u *Upstream) view(now int64) View {
	return View{
		Name: u.Name, Addr: u.Addr, Zone: u.Zone,
		State: u.state(now), Why: u.why, Since: u.since,
		Weight:       u.Weight,
		Share:        float64(u.share(now)) / float64(u.full),
		Active:       u.active.Load(),
		Picks:        u.picks.Load(),
		Failures:     u.failures.Load(),
		EWMA:         time.Duration(math.Float64frombits(u.latency.avg.Load())),
		EjectedUntil: u.eject.endAfter(now),
	}
}

// state is the one word for all that keeps a server out of rotation, the
// operator's wish first.
func (u *Upstream) state(now int64) string {
	switch {
	case u.draining:
		return "draining"
	case u.health == up && u.eject.endAfter(now) != 0:
		return "ejected"
	}
	return u.health.String()
}

// endAfter is when the ejection ends, or 0 when it is over by now: it is taken
// off the books by the next Pick.
func (e *ejected) endAfter(now int64) int64 {
	if e.until <= now {
		return 0
	}
	return e.until
}
