package upstream

import "math"

// Want is what a request asks of the upstream it will go to. The zero value
// asks for any.
type Want struct {
	Now   int64  // the time, by the pool's clock; 0: Pick reads it
	Key   uint64 // Hash only: equal keys go to the same upstream
	Zone  string // upstreams of this zone are preferred; "" prefers none
	Among uint64 // bits of upstreams (see Index) that may be chosen; 0 is all
	Avoid uint64 // bits of upstreams to be chosen only if nothing else is left
}

// zone is the upstreams that stand in one place.
type zone struct {
	name string
	mask uint64
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
				zs[j].mask |= 1 << i
				continue next
			}
		}
		zs = append(zs, zone{u.Zone, 1 << i})
	}
	return zs
}

// Pick chooses an upstream in rotation, or nil where there is none. It never
// waits and allocates nothing. Who picks calls Begin next: until then the
// request is in nobody's count.
func (p *Pool) Pick(w Want) *Upstream {
	if w.Now == 0 {
		w.Now = p.clock()
	}
	if w.Now >= p.nextReturn.Load() {
		p.returnDue(w.Now)
	}
	s := p.set.Load()
	m := s.candidates(w)
	if m == 0 {
		return nil
	}
	u := s.policy.Select(s.ups, m, w, p.rand())
	u.picks.Add(1)
	return u
}

// candidates are the upstreams a policy may choose from: of those in rotation
// the ones not to be avoided, and of these the ones nearby, as far as there
// are any.
func (s *set) candidates(w Want) uint64 {
	m := s.usable.Load()
	if w.Among != 0 {
		m &= w.Among
	}
	if kept := m &^ w.Avoid; kept != 0 {
		m = kept
	}
	if w.Zone == "" {
		return m
	}
	for i := range s.zones {
		if s.zones[i].name == w.Zone && s.zones[i].mask&m != 0 {
			return s.zones[i].mask & m
		}
	}
	return m
}

// refresh works out again who is in rotation, after any change to a host. When
// servers went down beside ejected ones and nobody is left, the ejected ones
// serve: failing some requests is better than failing all. The caller holds mu.
func (p *Pool) refresh() { p.nextReturn.Store(p.set.Load().refresh()) }

// refresh returns when the next ejection ends.
func (s *set) refresh() int64 {
	var usable, ejected uint64
	next := int64(math.MaxInt64)
	for i, u := range s.ups {
		switch {
		case u.inRotation():
			usable |= 1 << i
		case u.health == up && !u.draining:
			ejected |= 1 << i
		}
		if u.eject.on() {
			next = min(next, u.eject.until)
		}
	}
	if usable == 0 {
		usable = ejected
	}
	s.usable.Store(usable)
	return next
}
