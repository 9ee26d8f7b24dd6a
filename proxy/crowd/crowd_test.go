package crowd

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// enters tells whether one of that address is let in.
func enters(c *Crowd, a netip.Addr, now time.Time, l Limit) bool {
	_, ok := c.Enter(a, now, l)
	return ok
}

// In no span of time do more come than the burst and the rate allow, and who
// keeps to the rate is never refused.
func TestRate(t *testing.T) {
	l := Limit{Rate: 10, Burst: 5}
	a := netip.MustParseAddr("192.0.2.1")
	r := rand.New(rand.NewPCG(1, 2))
	var c Crowd
	now := time.Unix(1000, 0)
	var came []time.Time
	for range 20_000 {
		now = now.Add(time.Duration(r.ExpFloat64() * float64(30*time.Millisecond)))
		if enters(&c, a, now, l) {
			came = append(came, now)
		}
	}
	for i := range came {
		for _, n := range []int{1, 4, 5, 6, 20, 100} {
			if i+n >= len(came) {
				continue
			}
			span := came[i+n].Sub(came[i]) // n+1 came in it
			if allowed := float64(l.Burst) + span.Seconds()*float64(l.Rate); float64(n+1) > allowed+1e-6 {
				t.Fatalf("%d came within %v", n+1, span)
			}
		}
	}
	if len(came) < 20_000*30/100*9/10 {
		t.Errorf("only %d came", len(came))
	}
	for range 100 {
		now = now.Add(time.Second / 10)
		if !enters(&c, netip.MustParseAddr("192.0.2.2"), now, l) {
			t.Fatal("refused though slow enough")
		}
	}
}

func TestMaxPerClient(t *testing.T) {
	var c Crowd
	l := Limit{Max: 2}
	a, b := Key(netip.MustParseAddr("fd00::1")), Key(netip.MustParseAddr("fd00::ffff"))
	now := time.Unix(1000, 0)
	if a != b || a == Key(netip.MustParseAddr("fd00:0:0:1::1")) {
		t.Error("IPv6 is not by its first 64 bits")
	}
	place, first := c.Enter(a, now, l)
	if !first || !enters(&c, b, now, l) || enters(&c, a, now, l) {
		t.Error("not two of one address")
	}
	if !enters(&c, netip.MustParseAddr("192.0.2.1"), now, l) {
		t.Error("another address is refused")
	}
	c.Leave(place)
	if !enters(&c, a, now, l) {
		t.Error("no place after one has left")
	}
}

// What is remembered is bounded, and who has left makes place.
func TestCrowdIsBounded(t *testing.T) {
	var c Crowd
	l := Limit{Rate: 1}
	now := time.Unix(1000, 0)
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	var places []Place
	for i := range most + 1000 {
		p, ok := c.Enter(addr(i), now, l)
		if !ok {
			t.Fatal("a new address is refused")
		}
		places = append(places, p)
	}
	if len(c.known) != most {
		t.Errorf("%d are remembered", len(c.known))
	}
	for _, p := range places {
		c.Leave(p)
	}
	later := now.Add(time.Hour)
	enters(&c, addr(most+1), later, l)
	if len(c.known) > 2 {
		t.Errorf("%d are remembered after all have left", len(c.known))
	}
}

// Who came before there was a limit, or has no address that is known, does not
// take another's place away when it leaves.
func TestLimitThatComesLater(t *testing.T) {
	var c Crowd
	a, now := netip.MustParseAddr("192.0.2.1"), time.Unix(1000, 0)
	before, _ := c.Enter(a, now, Limit{})
	nobody, ok := c.Enter(netip.Addr{}, now, Limit{Max: 1})
	if !ok || !enters(&c, netip.Addr{}, now, Limit{Max: 1}) {
		t.Error("clients without an address are counted as one")
	}
	if !enters(&c, a, now, Limit{Max: 1}) {
		t.Error("the first that is counted is refused")
	}
	c.Leave(before)
	c.Leave(nobody)
	if enters(&c, a, now, Limit{Max: 1}) {
		t.Error("two are inside, of one allowed")
	}
}
