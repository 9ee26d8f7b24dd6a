package upstream

import (
	"sync"
	"testing"
)

func TestRoundRobinIsFairToAnyCandidates(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{Policy: RoundRobin}, targets(1, 1, 1))
	count := map[string]int{}
	for i := range 600 {
		w := Want{}
		if i%2 == 0 {
			w.Among = 0b011
		}
		count[p.Pick(w).Name]++
	}
	// c may have half of them only; those it has are what evens the three out
	// best without anybody waiting three turns.
	for name, want := range map[string]int{"a": 225, "b": 225, "c": 150} {
		if off := count[name] - want; off < -2 || off > 2 {
			t.Errorf("%s has %d of 600 picks, want %d", name, count[name], want)
		}
	}
}

func TestStartDiffersByProcess(t *testing.T) {
	for _, policy := range []string{LeastBusy, RoundRobin} {
		seen := map[string]bool{}
		for start := uint64(30); start < 33; start++ {
			p := newPool(t, Options{Rand: func() uint64 { return start }}, Settings{Policy: policy}, targets(1, 1, 1))
			seen[picks(p, 3, Want{})] = true
		}
		for _, want := range []string{"abc", "bca", "cab"} {
			if !seen[want] {
				t.Errorf("%s: no process starts with %s: %v", policy, want, seen)
			}
		}
	}
}

// TestRoundRobinAtOnce: turns taken by several goroutines at the same time are
// as even as turns taken one by one.
func TestRoundRobinAtOnce(t *testing.T) {
	p := newPool(t, Options{}, Settings{Policy: RoundRobin}, targets(1, 1, 1))
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 1000 {
				p.Pick(Want{})
			}
		})
	}
	wg.Wait()
	for _, v := range p.View(1) {
		// A goroutine that is held up between drawing a turn and using it uses an
		// old one, which shifts the count by one each time.
		if v.Picks < 900 || v.Picks > 1100 {
			t.Errorf("%s: %d of 3000 picks, want 1000", v.Name, v.Picks)
		}
	}
}
