package crowd

import (
	"net/netip"
	"sync"
	"time"
)

// Limit is what the clients of one address may take together; 0 is no limit.
type Limit struct {
	Max   int // connections at a time
	Rate  int // new connections a second
	Burst int // of them at once; 0 is Rate
}

// Key is whom an address is taken for: of IPv6 the first 64 bits, since whoever
// has one address there has all of them.
func Key(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
}

// most bounds the addresses that are remembered. Beyond it, addresses not
// remembered yet are let in without a count.
const most = 1 << 16

// Crowd remembers addresses that have connections, or came too often of late.
// Safe for concurrent use; the zero value is empty.
type Crowd struct {
	mu       sync.Mutex
	known    map[netip.Addr]*visitor
	searched time.Time // for who can be forgotten
}

// visitor is what is remembered of one address.
type visitor struct {
	inside int
	due    time.Time // of the generic cell rate algorithm (ITU-T I.371): when it would be as if it had never come
}

// Place is one connection's, to be given back once with Leave. The zero value
// is of one that came in without a count, so that a limit which comes later
// does not take its leave for another's.
type Place struct{ of netip.Addr }

// Enter takes a place for a connection of that Key, or says that there is
// none.
func (c *Crowd) Enter(a netip.Addr, now time.Time, l Limit) (Place, bool) {
	if l.Max == 0 && l.Rate == 0 || !a.IsValid() {
		return Place{}, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.known[a]
	if v == nil {
		if len(c.known) >= most && !c.forget(now) {
			return Place{}, true
		}
		v = &visitor{}
		if c.known == nil {
			c.known = map[netip.Addr]*visitor{}
		}
		c.known[a] = v
	}
	if l.Max > 0 && v.inside >= l.Max || l.Rate > 0 && !v.comes(now, l) {
		return Place{}, false
	}
	v.inside++
	return Place{a}, true
}

// comes takes one connection of the rate.
func (v *visitor) comes(now time.Time, l Limit) bool {
	burst := l.Burst
	if burst == 0 {
		burst = l.Rate
	}
	each := time.Second / time.Duration(l.Rate)
	due := v.due
	if due.Before(now) {
		due = now
	}
	if due.Sub(now) > each*time.Duration(burst-1) {
		return false
	}
	v.due = due.Add(each)
	return true
}

// Leave gives a place back.
func (c *Crowd) Leave(p Place) {
	if !p.of.IsValid() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.known[p.of] // there, since only who is not inside is forgotten
	v.inside--
	if v.inside == 0 && !v.due.After(time.Now()) {
		delete(c.known, p.of)
	}
}

// forget drops who is not inside and may come as if for the first time, if any.
// All are looked at, so not more than once a second. The caller holds mu.
func (c *Crowd) forget(now time.Time) bool {
	if now.Sub(c.searched) < time.Second {
		return false
	}
	c.searched = now
	before := len(c.known)
	for a, v := range c.known {
		if v.inside == 0 && !v.due.After(now) {
			delete(c.known, a)
		}
	}
	return len(c.known) < before
}
