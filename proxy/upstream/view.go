package upstream

import (
	"math"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// View is one upstream for the console: a copy, at one moment.
type View struct {
	Name, Addr, Zone string
	State            string          // up, down, unknown, draining or ejected
	Serving          bool            // it gets requests: in rotation, or though ejected or down in panic; its breaker aside
	Why              string          // of down and ejected: the reason; of up: what the latest check reported
	Since            int64           // when health last changed, or when it was ejected, by the pool's clock
	Weight           int             // as configured
	Share            float64         // of its weight, 1 but for slow start
	Priority         int             // as configured
	Active           int64           // requests in flight
	Limit            int64           // of these, by slow start too; 0 is none
	Picks            int64           // times chosen
	Failures         int64           // requests that ended not ok
	EWMA             time.Duration   // latency, as a peak-sensitive average; 0 is not measured
	EjectedUntil     int64           // by the pool's clock; 0 is not ejected
	Breaker          string          // closed, open or half-open; "" without one
	OpenUntil        int64           // of open, by the pool's clock
	Bytes            int64           // as Moved told
	PerSecond        Rates           // averages of the latest seconds, half-life 5 s
	Took             stats.Histogram // of requests that ended, or were answered, in the last 30 to 60 s
}

// Rates are per second.
type Rates struct{ Requests, Failures, Bytes float64 }

// View shows the pool's upstreams at that time of its clock, in their order.
func (p *Pool) View(now int64) []View {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.set.Load()
	serving := s.rotation.Load().all
	vs := make([]View, len(s.ups))
	for i, u := range s.ups {
		vs[i] = u.view(now)
		vs[i].Serving = serving.has(i)
		if s.Breaker.On {
			vs[i].Breaker, vs[i].OpenUntil = u.breaker.view(now)
		}
	}
	return vs
}

// view is one row. The caller holds Pool.mu.
func (u *Upstream) view(now int64) View {
	v := View{
		Name: u.Name, Addr: u.Addr, Zone: u.Zone,
		State: u.state(now), Why: u.why, Since: u.since,
		Weight: u.Weight, Priority: u.Priority,
		Share:        float64(u.share(now)) / float64(u.full),
		Active:       u.active.Load(),
		Picks:        u.picks.Load(),
		Failures:     u.failures.Load(),
		EWMA:         time.Duration(math.Float64frombits(u.latency.avg.Load())),
		EjectedUntil: u.eject.endAfter(now),
		Bytes:        u.flow.total.Load(),
	}
	if u.limit > 0 {
		v.Limit = u.limitAt(now)
	}
	if v.State == "ejected" {
		v.Why, v.Since = u.eject.why, u.eject.at
	}
	v.PerSecond.Requests, v.PerSecond.Failures, v.Took = u.latency.paces(now)
	v.PerSecond.Bytes = u.flow.perSecond(now)
	return v
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

// view is the state in a word, and when an open one will let probes through.
func (b *breaker) view(now int64) (string, int64) {
	switch s, until := b.is(), b.until.Load(); {
	case s != open:
		return s.String(), 0
	case until <= now:
		return halfOpen.String(), 0
	default:
		return s.String(), until
	}
}
