package upstream

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSpillOver has the shares of Envoy's documentation of priority levels: what
// a priority cannot do at 140 % of what is left of it, the next one takes over.
func TestSpillOver(t *testing.T) {
	for _, c := range []struct {
		sizes, down []int // by priority
		panic       int
		want        string // percent of the requests, by priority
	}{
		{[]int{100, 100}, []int{0, 0}, 0, "100 0"},
		{[]int{100, 100}, []int{28, 0}, 0, "100 0"},
		{[]int{100, 100}, []int{29, 0}, 0, "99 1"},
		{[]int{100, 100}, []int{50, 0}, 0, "70 30"},
		{[]int{100, 100}, []int{50, 0}, 50, "70 30"}, // as a whole all is well: no panic
		{[]int{100, 100}, []int{75, 0}, 0, "35 65"},
		{[]int{100, 100}, []int{100, 0}, 0, "0 100"},
		{[]int{100, 100}, []int{100, 50}, 0, "0 100"},
		{[]int{100, 100}, []int{75, 75}, 0, "50 50"},
		{[]int{100, 100}, []int{75, 75}, 50, "50 50"},
		{[]int{100, 100, 100}, []int{100, 75, 75}, 0, "0 50 50"},
		{[]int{10, 30}, []int{10, 30}, 50, "25 75"}, // nobody is left: by number
		{[]int{10, 30}, []int{10, 30}, 0, ""},
		{[]int{3, 1}, []int{2, 0}, 0, "46 54"},
	} {
		t.Run(fmt.Sprint(c.sizes, c.down, c.panic), func(t *testing.T) {
			var ts []Target
			var down []int
			for priority, n := range c.sizes {
				for i := range n {
					if i < c.down[priority] {
						down = append(down, len(ts))
					}
					ts = append(ts, Target{Addr: fmt.Sprint(priority, "-", i), Priority: 3 * priority})
				}
			}
			const n = 20_000
			// Chance in equal steps: shares come out exactly, but for the last step.
			r := uint64(0)
			o := Options{Rand: func() uint64 { r += (1<<64 - 1) / n; return unmix(r) }}
			p := newPool(t, o, Settings{Policy: First, Panic: c.panic}, ts)
			for _, i := range down {
				p.Upstreams()[i].SetDown(1, "test")
			}
			count := make([]int, len(c.sizes))
			for range n {
				u := p.Pick(Want{})
				if u == nil {
					if c.want != "" {
						t.Fatal("nobody")
					}
					return
				}
				count[u.Priority/3]++
			}
			var got []string
			for _, k := range count {
				got = append(got, fmt.Sprint((k*100+n/2)/n))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%v, want %s", got, c.want)
			}
		})
	}
}

// unmix undoes mix, to hand chance of our choice to who mixes it.
func unmix(x uint64) uint64 {
	inverse := func(a uint64) uint64 { // of an odd number, by Newton
		y := a
		for range 5 {
			y *= 2 - a*y
		}
		return y
	}
	x ^= x>>31 ^ x>>62
	x *= inverse(0x94d049bb133111eb)
	x ^= x>>27 ^ x>>54
	x *= inverse(0xbf58476d1ce4e5b9)
	return x ^ x>>30 ^ x>>60
}

// TestNextPriority: who is full, avoided or not among gives way to the next, and
// keys stay where they are while nothing changes.
func TestNextPriority(t *testing.T) {
	ts := targets(1, 1, 1)
	ts[1].Priority, ts[2].Priority = 1, 2
	p := newPool(t, Options{}, Settings{MaxConns: 1}, ts)
	for _, c := range []struct {
		w    Want
		want string
	}{
		{Want{}, "a"}, {Want{Avoid: 1}, "b"}, {Want{Avoid: 3}, "c"}, {Want{Avoid: 7}, "a"}, {Want{Among: 6}, "b"},
	} {
		if got := p.Pick(c.w).Name; got != c.want {
			t.Errorf("%+v: %s, want %s", c.w, got, c.want)
		}
	}
	for _, want := range []string{"a", "b", "c"} {
		if got := take(t, p, Want{}).Name; got != want {
			t.Errorf("took %s, want %s", got, want)
		}
	}
	ts = append(ts, Target{Addr: "d"})
	p = newPool(t, Options{}, Settings{Policy: Ring}, ts)
	p.Upstreams()[0].SetDown(1, "test") // half of priority 0: 70 %
	before := owners(p, 10_000, Want{})
	n := 0
	for k, u := range owners(p, 10_000, Want{}) {
		if u != before[k] {
			t.Fatalf("key %d has moved from %s to %s", k, before[k].Name, u.Name)
		}
		if u.Priority == 0 {
			n++
		}
	}
	if n < 6700 || n > 7300 {
		t.Errorf("priority 0 has %d of 10000 keys, want 70 %%", n)
	}
}

// TestPanic: when too few are left, all serve but those that drain or have never
// passed, and no longer than that.
func TestPanic(t *testing.T) {
	p := newPool(t, Options{Rand: zero, Watched: true}, Settings{Policy: RoundRobin, Panic: 50}, targets(equal(6)...))
	expect := func(what, want string) {
		t.Helper()
		got := ""
		for _, v := range p.View(2) {
			if v.Serving {
				got += v.Name
			}
		}
		if got != want {
			t.Errorf("%s: %q serve, want %q", what, got, want)
		}
	}
	ups := p.Upstreams()
	expect("before the first pass", "")
	for _, u := range ups[:5] {
		u.SetUp(1)
	}
	expect("up", "abcde")
	ups[4].Drain(true)
	ups[0].SetDown(1, "test")
	ups[1].SetDown(1, "test")
	expect("half of four", "cd")
	fail(ups[2], 2, 5)
	expect("one of four", "abcd")
	if got := p.View(2)[2].State; got != "ejected" {
		t.Errorf("c is %s", got)
	}
	ups[0].SetUp(2)
	expect("half again", "ad")
	ups[3].SetDown(2, "test")
	ups[0].SetDown(2, "test")
	expect("none of four", "abcd")
}

// TestEjectionInPanic: who serves in panic is ejected no further, and comes back
// in its time.
func TestEjectionInPanic(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{Policy: RoundRobin, Panic: 60}, targets(1, 1))
	a := p.Upstreams()[0]
	fail(a, sec, 5)
	if got := picks(p, 2, Want{Now: 2 * sec}); got != "ab" && got != "ba" {
		t.Errorf("picks %s, want both in panic", got)
	}
	fail(a, 2*sec, 50)
	if v := p.View(2 * sec)[0]; v.EjectedUntil != sec+30*int64(time.Second) || v.Why != "5 failures in a row" || v.Since != sec {
		t.Errorf("%+v", v)
	}
	p.Pick(Want{Now: 31 * sec})
	if v := p.View(31 * sec)[0]; v.State != "up" {
		t.Errorf("%s after its time", v.State)
	}
}
