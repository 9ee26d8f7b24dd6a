package upstream

import (
	"math"
	"testing"
	"time"
)

// owners picks for keys 0, 1, 2, ... and returns who got each.
func owners(p *Pool, n int, w Want) []*Upstream {
	who := make([]*Upstream, n)
	for k := range who {
		w.Key = uint64(k)
		who[k] = p.Pick(w)
	}
	return who
}

// TestHashBalance: a perfectly random assignment of 200 000 keys has a standard
// deviation of 0.45 % of the mean (5 upstreams) or 0.67 % (10). The fullest may
// be three of these above the mean; CV may be half more than the 0.006 and 0.008
// that the design measured.
func TestHashBalance(t *testing.T) {
	const keys = 200_000
	for _, c := range []struct {
		n       int
		top, cv float64
	}{{5, 1.0134, .009}, {10, 1.0201, .012}} {
		p := newPool(t, Options{}, Settings{Policy: Hash}, targets(equal(c.n)...))
		count := make([]float64, c.n)
		for _, u := range owners(p, keys, Want{}) {
			count[u.index]++
		}
		mean, top, sq := float64(keys)/float64(c.n), 0.0, 0.0
		for _, k := range count {
			top = max(top, k/mean)
			sq += (k/mean - 1) * (k/mean - 1)
		}
		if cv := math.Sqrt(sq / float64(c.n)); top > c.top || cv > c.cv {
			t.Errorf("%d upstreams: max/mean %.4f, CV %.4f, want at most %.3f and %.3f", c.n, top, cv, c.top, c.cv)
		}
	}
}

func TestHashFollowsWeights(t *testing.T) {
	const keys = 60_000
	p := newPool(t, Options{}, Settings{Policy: Hash}, targets(1, 2, 3))
	count := make([]float64, 3)
	for _, u := range owners(p, keys, Want{}) {
		count[u.index]++
	}
	for i, c := range count {
		if want := keys * float64(i+1) / 6; math.Abs(c/want-1) > .03 {
			t.Errorf("weight %d has %v keys, want %v", i+1, c, want)
		}
	}
}

// TestHashMovement: whatever makes an upstream unusable, only its own keys
// move, and they come back to it.
func TestHashMovement(t *testing.T) {
	const keys = 20_000
	p := newPool(t, Options{}, Settings{Policy: Hash}, targets(equal(5)...))
	before := owners(p, keys, Want{})
	gone := p.Upstreams()[2]
	check := func(how string, now []*Upstream) {
		t.Helper()
		heirs := map[string]int{}
		for k, u := range now {
			switch {
			case before[k].Host == gone.Host:
				heirs[u.Name]++
			case u.Host != before[k].Host:
				t.Fatalf("%s: key %d moved from %s to %s", how, k, before[k].Name, u.Name)
			}
		}
		for name, n := range heirs {
			if n < keys/5/4/2 {
				t.Errorf("%s: %s inherits only %d keys: %v", how, name, n, heirs)
			}
		}
		if len(heirs) != 4 {
			t.Errorf("%s: heirs %v, want all four others", how, heirs)
		}
	}
	check("avoided", owners(p, keys, Want{Avoid: 1 << 2}))
	gone.SetDown(1, "test")
	check("down", owners(p, keys, Want{}))
	gone.SetUp(1)
	for k, u := range owners(p, keys, Want{}) {
		if u != before[k] {
			t.Fatalf("key %d did not come back to %s", k, before[k].Name)
		}
	}
	ts := targets(equal(5)...)
	ts = append(ts[3:], ts[:2]...) // removed, and the others in another order
	if err := p.Use(Settings{Policy: Hash}, ts); err != nil {
		t.Fatal(err)
	}
	check("removed", owners(p, keys, Want{}))
}

// TestHashSlowStart: keys return one by one while the weight grows, and none
// goes back and forth.
func TestHashSlowStart(t *testing.T) {
	const keys = 5000
	p := newPool(t, Options{}, Settings{Policy: Hash, SlowStart: time.Second}, targets(equal(3)...))
	b := p.Upstreams()[1]
	b.SetDown(1, "test")
	b.SetUp(2)
	had := make([]bool, keys)
	for step := range int64(11) {
		for k, u := range owners(p, keys, Want{Now: 2 + step*int64(time.Second)/10}) {
			if had[k] && u != b {
				t.Fatalf("step %d: key %d left again", step, k)
			}
			had[k] = u == b
		}
	}
}

// TestHashBound: one hot key fills its upstream up to the bound, then spills.
func TestHashBound(t *testing.T) {
	p := newPool(t, Options{}, Settings{Policy: Hash, HashBound: 150}, targets(equal(4)...))
	for i := range int64(400) {
		p.Pick(Want{Key: 42}).Begin(1)
		for _, u := range p.Upstreams() {
			if slots := int64(math.Ceil(math.Ceil(float64(i+1)*1.5) / 4)); u.active.Load() > slots {
				t.Fatalf("%s has %d of %d in flight, bound %d", u.Name, u.active.Load(), i+1, slots)
			}
		}
	}
	// 400 of 600 slots: the first two of the key's order are full.
	most := int64(0)
	for _, u := range p.Upstreams() {
		most = max(most, u.active.Load())
	}
	if most != 150 {
		t.Errorf("the fullest has %d of 400 in flight, want its bound, 150", most)
	}
}
