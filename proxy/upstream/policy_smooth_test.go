package upstream

import (
	"strings"
	"testing"
)

func TestSmoothSequence(t *testing.T) {
	for _, c := range []struct {
		policy  string
		weights []int
		want    string
	}{
		{Weighted, []int{5, 1, 1}, "aabacaaaabacaa"},
		{Weighted, []int{1, 1, 1}, "abcabc"},
		{Weighted, []int{4}, "aaaa"},
		{RoundRobin, []int{5, 1, 1}, "abcabc"},
	} {
		p := newPool(t, Options{Rand: zero}, Settings{Policy: c.policy}, targets(c.weights...))
		if got := picks(p, len(c.want), Want{}); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.policy, c.weights, got, c.want)
		}
	}
}

// TestSmoothConservation takes windows at any offset: each holds every
// upstream exactly by its weight, and after a whole round nobody owes anybody.
// The heaviest never has more turns in a row than it is heavier than the next.
func TestSmoothConservation(t *testing.T) {
	for _, weights := range [][]int{{1}, {5, 1, 1}, {3, 2}, {1, 2, 3, 4}, {10, 1}, {7, 7, 7}, {100, 30, 3, 1}} {
		p := newPool(t, Options{Rand: zero}, Settings{Policy: Weighted}, targets(weights...))
		sum := 0
		for _, w := range weights {
			sum += w
		}
		seq := picks(p, 3*sum, Want{})
		for at := range 2 * sum {
			for i, w := range weights {
				if got := strings.Count(seq[at:at+sum], string(rune('a'+i))); got != w {
					t.Fatalf("%v: window at %d has %d of %c, want %d", weights, at, got, 'a'+i, w)
				}
			}
		}
		for _, credit := range p.set.Load().policy.(*smooth).credit {
			if credit != 0 {
				t.Errorf("%v: a credit of %d is left after whole rounds", weights, credit)
			}
		}
		if len(weights) > 1 && weights[0] > weights[1] {
			run := strings.Repeat("a", int(ceil(int64(weights[0]), int64(weights[1])))+1)
			if strings.Contains(seq, run) {
				t.Errorf("%v: %s in a row", weights, run)
			}
		}
	}
}
