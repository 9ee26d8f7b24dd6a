package freshness

import (
	"math/rand/v2"
	"testing"
)

func TestFreshAsOf(t *testing.T) {
	var c Clock
	check := func(step string, replica int, want Instant) {
		t.Helper()
		if got := c.FreshAsOf(replica); got != want {
			t.Errorf("%s: replica %d is fresh as of %d, want %d", step, replica, got, want)
		}
	}
	c.Replayed(1, 1, 500)
	check("before any sample", 1, 0)
	c.Sampled(10, 1, 100)
	c.Sampled(20, 1, 200)
	c.Sampled(30, 1, 300)
	check("heard of before the clock had a timeline", 1, 0)
	c.Replayed(1, 1, 99)
	check("before the first sample's position", 1, 0)
	c.Replayed(1, 1, 299)
	check("between two samples", 1, 20)
	c.Replayed(1, 1, 300)
	check("at a sample", 1, 30)
	c.Sampled(40, 1, 300)
	check("idle primary, replica not asked again", 1, 40)
	c.Sampled(50, 1, 301)
	check("primary went on", 1, 40)
	c.Replayed(1, 1, 150)
	check("the standby crashed and came back older", 1, 10)
	c.Forget(1)
	check("forgotten", 1, 0)
	c.Replayed(1, 1, 301)
	check("heard of again", 1, 50)
	c.Replayed(1, 2, 400)
	check("on another timeline", 1, 0)
	c.Replayed(1, 1, 301)
	c.Reset(1)
	check("reset to the same timeline", 1, 50)
	c.Reset(2)
	check("promotion", 1, 0)
	c.Sampled(60, 1, 999)
	c.Replayed(1, 2, 999)
	check("a sample of the old primary", 1, 0)
	c.Sampled(61, 2, 350)
	check("the first sample of the new timeline", 1, 61)
	c.Sampled(55, 2, 400)
	check("a sample that comes late", 1, 61)
	c.Replayed(-1, 2, 1)
	c.Replayed(MaxServers, 2, 1)
	check("no such server", MaxServers, 0)
	check("no such server", -1, 0)
}

// A primary that loses unflushed log in a crash goes on at a lower position.
func TestPrimaryComesBackShorter(t *testing.T) {
	var c Clock
	c.Sampled(10, 1, 100)
	c.Sampled(20, 1, 300)
	c.Replayed(1, 1, 150)
	c.Sampled(30, 1, 160)
	if got := c.FreshAsOf(1); got != 10 {
		t.Errorf("fresh as of %d, want 10", got)
	}
	c.Replayed(1, 1, 160)
	if got := c.FreshAsOf(1); got != 30 {
		t.Errorf("fresh as of %d, want 30: all that survived was replayed", got)
	}
}

func TestBehind(t *testing.T) {
	var c Clock
	if _, ok := c.Behind(1); ok {
		t.Error("known before anything was")
	}
	c.Sampled(10, 1, 100)
	c.Replayed(1, 1, 70)
	if b, ok := c.Behind(1); !ok || b != 30 {
		t.Errorf("behind by %d, %v, want 30", b, ok)
	}
	c.Replayed(1, 1, 170)
	if b, ok := c.Behind(1); !ok || b != 0 {
		t.Errorf("ahead of the sample: behind by %d, %v, want 0", b, ok)
	}
	if _, ok := c.Behind(-1); ok {
		t.Error("there is no such server")
	}
}

// The thinned ring against one that forgets nothing: never fresher, and for
// any lag older by a tenth of it at most.
func TestThinning(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var thin ring
	var all []sample
	at, lsn := Instant(0), LSN(1000)
	for range 60_000 { // 20 minutes of a sample each 20 ms
		at += Instant(15_000_000 + rng.Int64N(10_000_000))
		lsn += LSN(1 + rng.Uint64N(10_000))
		thin.add(sample{at, lsn})
		all = append(all, sample{at, lsn})
	}
	if n := len(thin.samples); n > maxSamples {
		t.Fatalf("%d samples kept, want at most %d", n, maxSamples)
	}
	exact := ring{all}
	for range 100_000 {
		replay := LSN(1000 + rng.Uint64N(uint64(lsn)))
		got, truth := thin.covered(replay), exact.covered(replay)
		if got > truth {
			t.Fatalf("replay %d: fresh as of %d, but the truth is %d", replay, got, truth)
		}
		if lag := at - truth; truth > all[0].at && truth-got > lag/10+Instant(50_000_000) {
			t.Fatalf("a lag of %d ms reads as %d ms", lag/1e6, (at-got)/1e6)
		}
	}
}
