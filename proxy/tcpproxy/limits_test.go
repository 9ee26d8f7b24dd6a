package tcpproxy

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// In no span of time do more come than the burst and the rate allow, and who
// keeps to the rate is never refused.
func TestRate(t *testing.T) {
	l := Limit{Rate: 10, Burst: 5}
	a := netip.MustParseAddr("192.0.2.1")
	r := rand.New(rand.NewPCG(1, 2))
	var c crowd
	now := time.Unix(1000, 0)
	var came []time.Time
	for range 20_000 {
		now = now.Add(time.Duration(r.ExpFloat64() * float64(30*time.Millisecond)))
		if c.enter(a, now, l) {
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
		if !c.enter(netip.MustParseAddr("192.0.2.2"), now, l) {
			t.Fatal("refused though slow enough")
		}
	}
}

func TestMaxPerClient(t *testing.T) {
	var c crowd
	l := Limit{Max: 2}
	a, b := PerClientKey(netip.MustParseAddr("fd00::1")), PerClientKey(netip.MustParseAddr("fd00::ffff"))
	now := time.Unix(1000, 0)
	if a != b || a == PerClientKey(netip.MustParseAddr("fd00:0:0:1::1")) {
		t.Error("IPv6 is not by its first 64 bits")
	}
	if !c.enter(a, now, l) || !c.enter(b, now, l) || c.enter(a, now, l) {
		t.Error("not two of one address")
	}
	if !c.enter(netip.MustParseAddr("192.0.2.1"), now, l) {
		t.Error("another address is refused")
	}
	c.leave(a)
	if !c.enter(a, now, l) {
		t.Error("no place after one has left")
	}
}

// What is remembered is bounded, and who has left makes place.
func TestCrowdIsBounded(t *testing.T) {
	var c crowd
	l := Limit{Rate: 1}
	now := time.Unix(1000, 0)
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) }
	for i := range crowdMost + 1000 {
		if !c.enter(addr(i), now, l) {
			t.Fatal("a new address is refused")
		}
	}
	if len(c.known) != crowdMost {
		t.Errorf("%d are remembered", len(c.known))
	}
	for i := range crowdMost + 1000 {
		c.leave(addr(i))
	}
	later := now.Add(time.Hour)
	c.enter(addr(crowdMost+1), later, l)
	if len(c.known) > 2 {
		t.Errorf("%d are remembered after all have left", len(c.known))
	}
}
