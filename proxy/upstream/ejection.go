package upstream

import (
	"fmt"
	"time"
)

// ejected is a Host's record of ejections, guarded by Pool.mu.
type ejected struct {
	at, until int64 // of the ejection that is on; until is 0 when none is
	doublings int   // of the next one's time
	returned  int64 // end of the latest
	verdict         // of the one that is on
}

// verdict is why a host is put aside.
type verdict struct {
	why    string
	byRate bool  // of success: checks have passed all the while
	calm   int64 // until when it was all right
}

func (e *ejected) on() bool { return e.until != 0 }

// next is how long an ejection lasts. Each earlier one doubles the time up to the
// cap, and each calm spell from the return to until takes one doubling back.
func (e *ejected) next(until int64, s Ejection) time.Duration {
	if calm := (until - e.returned) / int64(s.Calm); calm > 0 {
		e.doublings = max(0, e.doublings-int(min(calm, 64)))
	}
	d := s.Time
	for range e.doublings {
		d = min(2*d, s.MaxTime)
	}
	if d < s.MaxTime {
		e.doublings++
	}
	return d
}

// ejectHost puts a host aside whose failures reached the limit, unless too many
// are aside already or nobody else would be left. In either case it counts from
// nought again.
func (p *Pool) ejectHost(h *Host, now int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.streak.Store(0)
	s := p.set.Load()
	p.eject(s, h, now, verdict{fmt.Sprintf("%d failures in a row", s.Ejection.Failures), false, now})
	p.refresh()
}

// eject puts a host aside at now if that may be. The caller holds Pool.mu and
// calls refresh.
func (p *Pool) eject(s *set, h *Host, now int64, v verdict) {
	if !h.inRotation() || !s.mayEject() {
		return
	}
	h.eject.until = now + int64(h.eject.next(v.calm, s.Ejection))
	h.eject.at, h.eject.verdict = now, v
}

// mayEject says whether one more may go. The caller holds Pool.mu.
func (s *set) mayEject() bool {
	out, in := 0, 0
	for _, u := range s.ups {
		switch {
		case u.eject.on():
			out++
		case u.inRotation():
			in++
		}
	}
	return in > 1 && out < max(1, len(s.ups)*s.Ejection.Share/100)
}

// restore ends an ejection. The caller holds Pool.mu and calls refresh.
func (h *Host) restore(now int64) {
	h.eject.until = 0
	h.eject.returned = now
	h.streak.Store(0)
	if h.health == up && !h.draining {
		h.beginRamp(now)
	}
}

// catchUp does what time has made due: it ends the ejections whose time is over,
// and compares the servers when an interval is.
func (p *Pool) catchUp(now int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.set.Load()
	for _, u := range s.ups {
		if u.eject.on() && u.eject.until <= now {
			u.restore(u.eject.until)
		}
	}
	if s.sweeps() && now >= p.sweepAt {
		p.sweep(s, now)
		p.sweepAt = now + int64(s.Ejection.Interval)
	}
	p.refresh()
}
