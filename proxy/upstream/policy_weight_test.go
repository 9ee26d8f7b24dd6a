package upstream

import (
	"math"
	"testing"
	"time"
)

// TestSlowStart lets b come back beside a: its share of turns is a tenth of
// its weight at first, then grows with time, then is whole.
func TestSlowStart(t *testing.T) {
	const window = 100 * time.Second
	for _, policy := range []string{RoundRobin, Weighted, Random, Hash} {
		r := seeded(7)
		p := newPool(t, Options{Rand: r}, Settings{Policy: policy, SlowStart: window}, targets(1, 1))
		b := p.Upstreams()[1]
		back := int64(time.Hour)
		b.SetDown(back-1, "test")
		b.SetUp(back)
		for _, c := range []struct {
			part float64 // of the window
			want float64 // of b's weight
		}{{0, .1}, {.05, .1}, {.1, .1}, {.25, .25}, {.5, .5}, {.9, .9}, {1, 1}, {5, 1}} {
			const n = 10_000
			got := 0
			for range n {
				w := Want{Now: back + int64(c.part*float64(window)), Key: r()}
				if p.Pick(w) == b {
					got++
				}
			}
			want := c.want / (1 + c.want) * n
			// Five standard deviations of a fair draw; turns are exact.
			if off := float64(got) - want; off > 250 || off < -250 {
				t.Errorf("%s: at %v of the window %d of %d picks, want %.0f", policy, c.part, got, n, want)
			}
		}
	}
}

// TestTwoStartSlowly: in turns, two that come back at once draw each for
// itself.
func TestTwoStartSlowly(t *testing.T) {
	const n = 60_000
	p := newPool(t, Options{Rand: seeded(10)}, Settings{Policy: RoundRobin, SlowStart: time.Hour}, targets(1, 1, 1))
	for _, u := range p.Upstreams()[1:] {
		u.SetDown(1, "test")
		u.SetUp(1)
	}
	picks(p, n, Want{Now: 2})
	for _, v := range p.View(2)[1:] {
		if part := float64(v.Picks) / n * 1.2; part < .09 || part > .12 {
			t.Errorf("%s has %.3f of a's turns, want a tenth", v.Name, part)
		}
	}
}

// TestAllStartSlowly: slow start is for those beside others; among their like
// all have equal shares.
func TestAllStartSlowly(t *testing.T) {
	for _, policy := range []string{RoundRobin, Weighted, Random} {
		const n = 9000
		p := newPool(t, Options{Rand: seeded(9)}, Settings{Policy: policy, SlowStart: time.Hour}, targets(1, 1, 1))
		for _, u := range p.Upstreams() {
			u.SetDown(1, "test")
			u.SetUp(1)
		}
		picks(p, n, Want{Now: 2})
		for _, v := range p.View(2) {
			if off := v.Picks - n/3; off > 250 || off < -250 {
				t.Errorf("%s: %s has %d of %d picks", policy, v.Name, v.Picks, n)
			}
		}
	}
}

func TestWhoStartsSlowly(t *testing.T) {
	const window = int64(time.Second)
	o := Options{Rand: zero, Watched: true, Clock: func() int64 { return 100 }}
	p := newPool(t, o, Settings{SlowStart: time.Second}, targets(1, 1))
	part := func(i int, now int64) float64 { return p.View(now)[i].Share }
	expect := func(what string, got, want float64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: share %v, want %v", what, got, want)
		}
	}
	p.Upstreams()[0].SetUp(100)
	expect("first pass in a new process", part(0, 100), 1)
	p.Upstreams()[0].SetUp(200)
	expect("one more pass", part(0, 200), 1)
	p.Upstreams()[0].SetDown(300, "test")
	p.Upstreams()[0].SetUp(400)
	expect("back from down", part(0, 400), .1)
	expect("half way", part(0, 400+window/2), .5)
	p.Upstreams()[0].SetUp(400 + window/2)
	expect("a pass meanwhile", part(0, 400+window/2), .5)
	expect("after it", part(0, 400+window), 1)
	if err := p.Use(Settings{SlowStart: time.Second}, targets(1, 1, 1)); err != nil {
		t.Fatal(err)
	}
	p.Upstreams()[2].SetUp(500)
	expect("first pass of one that joined", part(2, 500), .1)
	p.Upstreams()[1].SetUp(500)
	p.Upstreams()[1].Drain(true)
	p.Upstreams()[1].Drain(false)
	expect("back from a drain", part(1, 100), .1)
}

// TestAggression has Envoy's formula at a few points: (t/window)^(1/aggression),
// a tenth at least.
func TestAggression(t *testing.T) {
	for _, c := range []struct{ aggression, part, want float64 }{
		{1, .04, .1}, {1, .25, .25}, {2, .25, .5}, {2, .0001, .1}, {2, .64, .8}, {.5, .5, .25}, {.5, .2, .1}, {.5, 1, 1}, {-1, .5, .5},
	} {
		s := Settings{SlowStart: 100 * time.Second, Aggression: c.aggression, MaxConns: 1000}
		p := newPool(t, Options{}, s, targets(1))
		p.Upstreams()[0].SetDown(1, "test")
		p.Upstreams()[0].SetUp(sec)
		v := p.View(sec + int64(c.part*float64(100*time.Second)))[0]
		if math.Abs(v.Share-c.want) > .001 || math.Abs(float64(v.Limit)-1000*c.want) > 1 {
			t.Errorf("aggression %v, at %v: share %v and limit %d of 1000, want %v", c.aggression, c.part, v.Share, v.Limit, c.want)
		}
	}
}
