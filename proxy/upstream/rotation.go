package upstream

import (
	"math"
	"time"
)

// Want is what a request asks of the upstream it will go to. The zero value
// asks for any.
type Want struct {
	Now   int64  // the time, by the pool's clock; 0: Pick reads it
	Key   uint64 // Hash, Ring and Maglev: equal keys go to the same upstream; see KeyOf
	Zone  string // upstreams of this zone are preferred; "" prefers none
	Among uint64 // bits of upstreams (see Index) that may be chosen, of the first 64; 0 is all
	Avoid uint64 // Bits of upstreams to be chosen only if nothing else is left, such as those already tried
	// Prefer is chosen while it is in rotation, however busy: Take waits for it
	// rather than go elsewhere, unless it is in Avoid. nil prefers none. It may
	// be of before a reload.
	Prefer *Upstream
}

// anybody says whether all upstreams will do.
func (w *Want) anybody() bool { return w.Among == 0 && w.Prefer == nil }

// zone is the upstreams that stand in one place.
type zone struct {
	name string
	here members
}

func zonesOf(ups []*Upstream) []zone {
	var zs []zone
next:
	for i, u := range ups {
		if u.Zone == "" {
			continue
		}
		for j := range zs {
			if zs[j].name == u.Zone {
				zs[j].here = zs[j].here.with(i)
				continue next
			}
		}
		zs = append(zs, zone{u.Zone, newMembers(len(ups)).with(i)})
	}
	return zs
}

// Pick chooses an upstream in rotation, or nil where there is none. It never
// waits, knows no MaxConns and allocates nothing. Who picks calls Begin next:
// until then the request is in nobody's count.
func (p *Pool) Pick(w Want) *Upstream {
	if w.Now == 0 {
		w.Now = p.clock()
	}
	if w.Now >= p.nextDue.Load() {
		p.catchUp(w.Now)
	}
	u, _ := p.set.Load().choose(&w, p.rand(), false)
	if u != nil {
		u.picks.Add(1)
	}
	return u
}

// choose has the policy choose among those who would do. It returns nil and why
// there is nobody, or nil alone when all who would do are at their limit.
func (s *set) choose(w *Want, r uint64, limits bool) (*Upstream, error) {
	rot := s.rotation.Load()
	if rot.all.rest == nil {
		return s.narrow(rot, rot.all, w, r, limits)
	}
	m := rot.all.borrow()
	defer m.giveBack()
	return s.narrow(rot, m, w, r, limits)
}

// narrow leaves of m first those that would do: among which the choice is, or
// only the preferred one, and not refused by a breaker or a limit. Of these it
// leaves the ones not to be avoided, of these the ones whose priority it is, and
// of these the ones nearby, each as far as there are any.
func (s *set) narrow(rot *rotation, m members, w *Want, r uint64, limits bool) (*Upstream, error) {
	if w.Among != 0 {
		m = m.among(w.Among)
	}
	if w.Prefer != nil && w.Prefer.Bit()&w.Avoid == 0 {
		m = s.only(w.Prefer, m)
	}
	if m.empty() {
		return nil, ErrNobody
	}
	if s.Breaker.On {
		if m = s.letThrough(m, w.Now); m.empty() {
			return nil, ErrOpen
		}
	}
	if limits && s.limited {
		if m = s.belowLimit(m, w.Now); m.empty() {
			return nil, nil
		}
	}
	if w.Avoid != 0 {
		m = m.avoiding(w.Avoid)
	}
	if len(rot.levels) > 1 {
		m = rot.level(m, s.draw(w, r))
	}
	if w.Zone != "" {
		m = s.nearby(m, w.Zone)
	}
	return s.policy.Select(s.ups, m, ask{w.Now, w.Key, r}), nil
}

// only is that upstream alone, if it is in m, or m.
func (s *set) only(u *Upstream, m members) members {
	i := u.index
	if i >= len(s.ups) || s.ups[i].Host != u.Host {
		i = s.indexOf(u.Host) // it is of before a reload
	}
	if i < 0 || !m.has(i) {
		return m
	}
	return m.only(i)
}

func (s *set) indexOf(h *Host) int {
	for i, u := range s.ups {
		if u.Host == h {
			return i
		}
	}
	return -1
}

func (s *set) nearby(m members, name string) members {
	for i := range s.zones {
		if s.zones[i].name == name && m.meets(s.zones[i].here) {
			return m.within(s.zones[i].here)
		}
	}
	return m
}

// refresh works out again who is in rotation, after any change to a host, and
// when time will change it next. The caller holds mu.
func (p *Pool) refresh() {
	s := p.set.Load()
	s.rotation.Store(newRotation(s))
	p.nextDue.Store(s.nextDue(p.sweepAt))
}

// nextDue is when the next ejection ends or the servers are compared.
func (s *set) nextDue(sweepAt int64) int64 {
	next := int64(math.MaxInt64)
	if s.sweeps() {
		next = sweepAt
	}
	for _, u := range s.ups {
		if u.eject.on() {
			next = min(next, u.eject.until)
		}
	}
	return next
}

// nextPlace is when time alone may make a place for somebody who waits, 0 when
// it will not: an ejection ends, a breaker lets probes through, or the limits of
// slow start have grown.
func (p *Pool) nextPlace(now int64) int64 {
	next := p.nextDue.Load()
	s := p.set.Load()
	if s.limited && s.SlowStart > 0 {
		for _, u := range s.ups {
			if from := u.rampFrom.Load(); from != 0 && now-from < u.window {
				next = min(next, now+max(u.window/100, int64(time.Millisecond)))
			}
		}
	}
	if s.Breaker.On {
		for _, u := range s.ups {
			if at := u.breaker.until.Load(); u.breaker.is() == open && at > now {
				next = min(next, at)
			}
		}
	}
	if next == math.MaxInt64 {
		return 0
	}
	return next
}
