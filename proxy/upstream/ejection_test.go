package upstream

import (
	"testing"
	"time"
)

const sec = int64(time.Second)

// fail ends n requests in failure at that time.
func fail(u *Upstream, now int64, n int) {
	for range n {
		u.Begin(now)
		u.End(now, time.Millisecond, false)
	}
}

func succeed(u *Upstream, now int64) {
	u.Begin(now)
	u.End(now, time.Millisecond, true)
}

// out is the names of the ejected at that time.
func out(p *Pool, now int64) string {
	p.Pick(Want{Now: now})
	names := ""
	for _, v := range p.View(now) {
		if v.State == "ejected" {
			names += v.Name
		}
	}
	return names
}

func TestEjectionAtExactTimes(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{Policy: RoundRobin}, targets(1, 1, 1))
	a := p.Upstreams()[0]
	fail(a, sec, 4)
	succeed(a, sec)
	fail(a, sec, 4)
	if got := out(p, sec); got != "" {
		t.Errorf("%s ejected by 4 failures in a row, twice", got)
	}
	fail(a, sec, 1)
	if got := picks(p, 4, Want{Now: 31*sec - 1}); got != "bcbc" {
		t.Errorf("picks %s while a is ejected", got)
	}
	if v := p.View(sec)[0]; v.EjectedUntil != 31*sec || v.Failures != 9 {
		t.Errorf("view %+v", v)
	}
	if v := p.View(31 * sec)[0]; v.State != "up" || v.EjectedUntil != 0 {
		t.Errorf("view when its time is over, before any pick: %+v", v)
	}
	if got := out(p, 31*sec-1); got != "a" {
		t.Errorf("just before its time is over: %q", got)
	}
	if got := out(p, 31*sec); got != "" {
		t.Errorf("when its time is over: %q", got)
	}
}

// TestEjectionGrowsAndShrinks: 30 s, doubled each time to 300 s at most, and
// halved again for each 10 s in rotation.
func TestEjectionGrowsAndShrinks(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{}, targets(1, 1))
	a := p.Upstreams()[0]
	now := sec
	for i, c := range []struct {
		calm int64 // seconds in rotation before it fails again
		want int64 // seconds of ejection
	}{
		{0, 30}, {0, 60}, {9, 120}, {0, 240}, {0, 300}, {0, 300},
		{10, 240}, {20, 120}, {35, 30}, {3600, 30}, {0, 60},
	} {
		now += c.calm * sec
		fail(a, now, 5)
		if got := p.View(now)[0].EjectedUntil - now; got != c.want*sec {
			t.Fatalf("ejection %d, after %d s of calm: %v, want %d s", i+1, c.calm, time.Duration(got), c.want)
		}
		now += c.want * sec
		if got := out(p, now); got != "" {
			t.Fatalf("ejection %d does not end", i+1)
		}
	}
}

// TestEjectionCap: all fail at once.
func TestEjectionCap(t *testing.T) {
	for _, c := range []struct {
		n, share int
		down     int // of them, from the start
		want     int // ejected
	}{
		{1, 0, 0, 0}, {2, 0, 0, 1}, {3, 0, 0, 1}, {4, 0, 0, 2}, {5, 0, 0, 2}, {64, 0, 0, 32},
		{3, 10, 0, 1}, {10, 100, 0, 9}, {4, 0, 3, 0}, {4, 0, 2, 1},
	} {
		p := newPool(t, Options{Rand: zero}, Settings{Ejection: Ejection{Share: c.share}}, targets(equal(c.n)...))
		for i, u := range p.Upstreams() {
			if i < c.down {
				u.SetDown(1, "test")
			}
		}
		got := 0
		for _, u := range p.Upstreams() {
			fail(u, 2, 50)
		}
		for _, v := range p.View(2) {
			if v.State == "ejected" {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%+v: %d ejected", c, got)
		}
		if p.Pick(Want{Now: 2}) == nil {
			t.Errorf("%+v: nobody is left", c)
		}
	}
}

// TestRefusedEjectionStartsOver: who could not be spared is judged anew.
func TestRefusedEjectionStartsOver(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{}, targets(1, 1))
	a, b := p.Upstreams()[0], p.Upstreams()[1]
	b.SetDown(1, "test")
	fail(a, 1, 5)
	b.SetUp(2)
	fail(a, 2, 4)
	if got := out(p, 2); got != "" {
		t.Errorf("%s ejected by 4 failures", got)
	}
	fail(a, 2, 1)
	if got := out(p, 2); got != "a" {
		t.Errorf("ejected %q, want a", got)
	}
}

func TestComingUpForgetsFailures(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{}, targets(1, 1))
	a := p.Upstreams()[0]
	fail(a, 1, 4)
	a.SetDown(1, "test")
	a.SetUp(2)
	fail(a, 2, 4)
	if got := out(p, 2); got != "" {
		t.Errorf("%s ejected for what it did before it came up", got)
	}
}

// TestTheLastServes: the ejected serve when all others go down.
func TestTheLastServes(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{}, targets(1, 1))
	a, b := p.Upstreams()[0], p.Upstreams()[1]
	fail(a, 1, 5)
	if got := picks(p, 2, Want{Now: 2}); got != "bb" {
		t.Errorf("picks %s with a ejected", got)
	}
	b.SetDown(2, "test")
	if got := picks(p, 2, Want{Now: 2}); got != "aa" {
		t.Errorf("picks %s with a ejected and b down", got)
	}
	b.SetUp(3)
	if got := picks(p, 2, Want{Now: 3}); got != "bb" {
		t.Errorf("picks %s with a ejected and b up again", got)
	}
}

func TestPassEndsEjection(t *testing.T) {
	for _, c := range []struct {
		name  string
		e     Ejection
		asked int64
		want  string
	}{
		{"asked after", Ejection{}, 11, ""},
		{"asked before", Ejection{}, 9, "a"},
		{"only time ends it", Ejection{TimeOnly: true}, 11, "a"},
	} {
		p := newPool(t, Options{Rand: zero}, Settings{Ejection: c.e, SlowStart: time.Minute}, targets(1, 1))
		a := p.Upstreams()[0]
		fail(a, 10, 5)
		fail(a, 10, 3) // those were under way
		a.SetUp(c.asked)
		if got := out(p, 12); got != c.want {
			t.Errorf("%s: ejected %q, want %q", c.name, got, c.want)
		}
		if share := p.View(12)[0].Share; c.want == "" && share != .1 {
			t.Errorf("%s: back with a share of %v, want slow start", c.name, share)
		}
		fail(a, 13, 4)
		if got := out(p, 13); got != c.want {
			t.Errorf("%s: failures before the return count", c.name)
		}
	}
}

// TestNoFalseEjection: a million clean requests, and a server that fails
// every fifth, are no reason.
func TestNoFalseEjection(t *testing.T) {
	p := newPool(t, Options{}, Settings{}, targets(1, 1, 1))
	for i := range int64(1_000_000) {
		u := p.Upstreams()[i%3]
		u.Begin(i)
		u.End(i, time.Microsecond, i%3 != 0 || i%5 != 0)
	}
	if got := out(p, 1_000_000); got != "" {
		t.Errorf("%s ejected", got)
	}
}

func TestEjectionOff(t *testing.T) {
	p := newPool(t, Options{}, Settings{Ejection: Ejection{Failures: -1}}, targets(1, 1))
	fail(p.Upstreams()[0], 1, 1000)
	if got := out(p, 2); got != "" {
		t.Errorf("%s ejected though nobody should be", got)
	}
}
