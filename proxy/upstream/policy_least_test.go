package upstream

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestLeastAgainstOracle replays random arrivals and departures; the one
// picked must have the least (active+1)/weight by plain arithmetic, and of
// equals be the one picked longest ago.
func TestLeastAgainstOracle(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		n := 1 + r.IntN(8)
		if seed%5 == 4 {
			n = 65 + r.IntN(100)
		}
		weights := make([]int, n)
		for i := range weights {
			weights[i] = 1 + r.IntN(4)
		}
		p := newPool(t, Options{Rand: zero}, Settings{}, targets(weights...))
		var inFlight []*Upstream
		last := make([]int, len(weights))
		for step := range 2000 {
			if len(inFlight) > 0 && r.IntN(100) < 45+len(inFlight)/2 {
				i := r.IntN(len(inFlight))
				inFlight[i].End(1, time.Millisecond, true)
				inFlight[i] = inFlight[len(inFlight)-1]
				inFlight = inFlight[:len(inFlight)-1]
				continue
			}
			w := Want{}
			if r.IntN(4) > 0 {
				w.Among = r.Uint64() & (1<<min(len(weights), 64) - 1)
			}
			want := oracle(p.Upstreams(), w.Among, last)
			got := p.Pick(w)
			if got != want {
				t.Fatalf("seed %d step %d among %b: %s with %d in flight, want %s with %d", seed, step, w.Among,
					got.Name, got.active.Load(), want.Name, want.active.Load())
			}
			last[got.index] = step + 1
			got.Begin(1)
			inFlight = append(inFlight, got)
		}
	}
}

func oracle(ups []*Upstream, among uint64, last []int) *Upstream {
	var best *Upstream
	key := func(u *Upstream) float64 { return float64(u.active.Load()+1) / float64(u.Weight) }
	for i, u := range ups {
		if among != 0 && (i >= 64 || among>>i&1 == 0) {
			continue
		}
		if best == nil || key(u) < key(best) || key(u) == key(best) && last[i] < last[best.index] {
			best = u
		}
	}
	return best
}

func TestLeastPrefersTheHeavyWhenIdle(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{}, targets(1, 3))
	if got := p.Pick(Want{}).Name; got != "b" {
		t.Errorf("picked %s of two idle ones, want the heavier", got)
	}
}

// TestLeastInSlowStart: one that has just come back is not flooded though it
// is idle.
func TestLeastInSlowStart(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{SlowStart: time.Minute}, targets(1, 1))
	a, b := p.Upstreams()[0], p.Upstreams()[1]
	b.SetDown(1, "test")
	for range 5 {
		a.Begin(1)
	}
	b.SetUp(2)
	got := 0
	for range 20 {
		u := p.Pick(Want{Now: 3})
		u.Begin(3)
		if u == b {
			got++
		}
	}
	// (active+1)/w: b at a tenth is as busy with 1 or 2 as a with 24.
	if got > 2 {
		t.Errorf("%d of 20 requests to a server in slow start, want at most 2", got)
	}
}

func TestRandomFollowsWeights(t *testing.T) {
	const n = 40_000
	p := newPool(t, Options{Rand: seeded(3)}, Settings{Policy: Random}, targets(1, 2, 5))
	count := make([]float64, 3)
	for range n {
		count[p.Pick(Want{}).index]++
	}
	chi := 0.0
	for i, w := range []float64{1, 2, 5} {
		want := n * w / 8
		chi += (count[i] - want) * (count[i] - want) / want
	}
	// Chi-square, two degrees of freedom, alpha 1e-6.
	if chi > 27.6 {
		t.Errorf("counts %v for weights 1, 2, 5: chi-square %.1f", count, chi)
	}
}

func TestFirst(t *testing.T) {
	p := newPool(t, Options{}, Settings{Policy: First}, targets(1, 9, 9))
	for i, want := range []string{"aaa", "bbb", "ccc", "---"} {
		if got := picks(p, 3, Want{}); got != want {
			t.Errorf("with %d down: %s, want %s", i, got, want)
		}
		if i < 3 {
			p.Upstreams()[i].SetDown(1, "test")
		}
	}
}
