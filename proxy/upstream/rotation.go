package upstream

import (
	"math"
	"math/bits"
	"time"
)

// Want is what a request asks of the upstream it will go to. The zero value
// asks for any.
type Want struct {
	Now   int64  // the time, by the pool's clock; 0: Pick reads it
	Key   uint64 // Hash only: equal keys go to the same upstream
	Zone  string // upstreams of this zone are preferred; "" prefers none
	Among uint64 // bits of upstreams (see Index) that may be chosen; 0 is all
	Avoid uint64 // Bits of upstreams to be chosen only if nothing else is left, such as those already tried
	// Prefer is chosen while it is in rotation, however busy: Take waits for it
	// rather than go elsewhere, unless it is in Avoid. nil prefers none. It may be of before a reload.
	Prefer *Upstream
}

// anybody says whether all upstreams will do.
func (w *Want) anybody() bool { return w.Among == 0 && w.Prefer == nil }

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
	m := s.inReach(w)
	if m == 0 {
		return nil
	}
	m = s.preferred(m, w)
	u := s.policy.Select(s.ups, m, w, p.rand())
	u.picks.Add(1)
	return u
}

// inReach are the upstreams that would do: of those in rotation the ones among
// which the choice is, or only the preferred one.
func (s *set) inReach(w Want) uint64 {
	m := s.usable.Load()
	if w.Among != 0 {
		m &= w.Among
	}
	if w.Prefer != nil && w.Prefer.Bit()&w.Avoid == 0 {
		return s.only(w.Prefer, m)
	}
	return m
}

// only is the upstream of that address, if it is in m, or m.
func (s *set) only(u *Upstream, m uint64) uint64 {
	for l := m; l != 0; l &= l - 1 {
		i := bits.TrailingZeros64(l)
		if s.ups[i].Host == u.Host {
			return 1 << i
		}
	}
	return m
}

// preferred are those of m that a policy chooses from: the ones not to be
// avoided, and of these the ones nearby, as far as there are any.
func (s *set) preferred(m uint64, w Want) uint64 {
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

// nextPlace is when time alone may make a place for somebody who waits, 0 when
// it will not: an ejection ends, or the limits of slow start have grown.
func (p *Pool) nextPlace(now int64) int64 {
	next := p.nextReturn.Load()
	s := p.set.Load()
	if s.limited && s.SlowStart > 0 {
		for _, u := range s.ups {
			if from := u.rampFrom.Load(); from != 0 && now-from < u.window {
				next = min(next, now+max(u.window/100, int64(time.Millisecond)))
			}
		}
	}
	if next == math.MaxInt64 {
		return 0
	}
	return next
}

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
