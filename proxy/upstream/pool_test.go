package upstream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// zero is chance that always says 0, for exact expectations.
func zero() uint64 { return 0 }

// seeded is chance that says the same in every run.
func seeded(seed uint64) func() uint64 { return rand.New(rand.NewPCG(seed, 1)).Uint64 }

// targets makes upstreams a, b, c, ... of these weights.
func targets(weights ...int) []Target {
	ts := make([]Target, len(weights))
	for i, w := range weights {
		name := string(rune('a' + i%26))
		if i >= 26 {
			name = fmt.Sprint(i)
		}
		ts[i] = Target{Name: name, Addr: name + ":5432", Weight: w}
	}
	return ts
}

func equal(n int) []int { return slices.Repeat([]int{1}, n) }

func newPool(t testing.TB, o Options, s Settings, ts []Target) *Pool {
	t.Helper()
	if o.Clock == nil && o.Prober == nil {
		o.Clock = func() int64 { return 1 }
	}
	p, err := New(o, s, ts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// picks is the names of n picks in a row.
func picks(p *Pool, n int, w Want) string {
	var b strings.Builder
	for range n {
		if u := p.Pick(w); u != nil {
			b.WriteString(u.Name)
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

func TestCandidates(t *testing.T) {
	ts := targets(1, 1, 1, 1)
	ts[0].Zone, ts[1].Zone, ts[2].Zone, ts[3].Zone = "x", "x", "y", ""
	for _, c := range []struct {
		name string
		down string
		w    Want
		want string // of 4 picks in turn
	}{
		{"all", "", Want{}, "abcd"},
		{"among", "", Want{Among: 0b1010}, "bdbd"},
		{"among none that is there", "", Want{Among: 1 << 20}, "----"},
		{"among the down", "b", Want{Among: 0b0010}, "----"},
		{"avoid", "", Want{Avoid: 0b0111}, "dddd"},
		{"avoid all", "", Want{Avoid: 0b1111}, "abcd"},
		{"avoid all that is up", "cd", Want{Avoid: 0b0011}, "abab"},
		{"avoid within among", "", Want{Among: 0b0011, Avoid: 0b0001}, "bbbb"},
		{"own zone", "", Want{Zone: "x"}, "abab"},
		{"own zone partly down", "a", Want{Zone: "x"}, "bbbb"},
		{"own zone down", "ab", Want{Zone: "x"}, "cdcd"},
		{"zone of nobody", "", Want{Zone: "z"}, "abcd"},
		{"own zone not among", "", Want{Zone: "x", Among: 0b1100}, "cdcd"},
		{"rather far than avoided", "", Want{Zone: "y", Avoid: 0b0100}, "abda"},
		{"nobody up", "abcd", Want{}, "----"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPool(t, Options{Rand: zero}, Settings{Policy: RoundRobin}, ts)
			for _, u := range p.Upstreams() {
				if strings.Contains(c.down, u.Name) {
					u.SetDown(1, "test")
				}
			}
			if got := picks(p, 4, c.w); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestHealthAndDrain(t *testing.T) {
	p := newPool(t, Options{Rand: zero, Watched: true}, Settings{}, targets(1, 1))
	a, b := p.Upstreams()[0], p.Upstreams()[1]
	step := func(name string, do func(), want, states string) {
		t.Helper()
		do()
		vs := p.View(1)
		if got := picks(p, 2, Want{}); got != want {
			t.Errorf("%s: picks %s, want %s", name, got, want)
		}
		if got := vs[0].State + " " + vs[1].State; got != states {
			t.Errorf("%s: %s, want %s", name, got, states)
		}
	}
	step("at the start", func() {}, "--", "unknown unknown")
	step("one up", func() { a.SetUp(1) }, "aa", "up unknown")
	step("the other down", func() { b.SetDown(1, "refused") }, "aa", "up down")
	if v := p.View(1)[1]; v.Why != "refused" {
		t.Errorf("why down: %q", v.Why)
	}
	step("both up", func() { b.SetUp(1) }, "ba", "up up")
	step("draining", func() { a.Drain(true) }, "bb", "draining up")
	step("a pass does not end a drain", func() { a.SetUp(1) }, "bb", "draining up")
	step("ready", func() { a.Drain(false) }, "ab", "up up")
}

func TestUseKeepsHosts(t *testing.T) {
	p := newPool(t, Options{Rand: zero, Watched: true}, Settings{}, targets(1, 1))
	a, b := p.Upstreams()[0], p.Upstreams()[1]
	a.SetUp(1)
	b.SetUp(1)
	picked := p.Pick(Want{})
	picked.Begin(1)
	ts := targets(1, 7, 1)[1:] // b with a new weight, and c
	if err := p.Use(Settings{}, ts); err != nil {
		t.Fatal(err)
	}
	ups := p.Upstreams()
	if ups[0].Host != b.Host || ups[0].Weight != 7 || ups[0].Index() != 0 {
		t.Errorf("b after the reload: %+v", ups[0])
	}
	if got := picks(p, 2, Want{}); got != "bb" {
		t.Errorf("picks %s: c has not passed yet, and a is gone", got)
	}
	picked.End(2, time.Millisecond, false) // to a host that is gone
	a.SetDown(2, "gone")
	if got := picks(p, 2, Want{}); got != "bb" {
		t.Errorf("picks %s: what befalls a host that is gone must not matter", got)
	}
}

func TestRefusedTargets(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Settings
		ts   []Target
		want string
	}{
		{"too many", Settings{}, targets(equal(1025)...), "1025 upstreams in one pool: at most 1024"},
		{"twice", Settings{}, []Target{{Addr: "a:1"}, {Addr: "a:1"}}, "upstream a:1: twice"},
		{"no address", Settings{}, []Target{{Name: "a"}}, "without an address"},
		{"weight", Settings{}, targets(-1), "weight -1"},
		{"policy", Settings{Policy: "best"}, targets(1), `"best"`},
		{"1024", Settings{}, targets(equal(1024)...), ""},
		{"none", Settings{}, nil, ""},
		{"no ring", Settings{Policy: Ring}, nil, ""},
		{"no table", Settings{Policy: Maglev}, nil, ""},
		{"no turns", Settings{Policy: Weighted}, nil, ""},
		{"priority", Settings{}, []Target{{Addr: "a", Priority: 128}}, "priority 128"},
	} {
		p, err := New(Options{}, c.s, c.ts)
		if err == nil {
			p.Pick(Want{Avoid: 1})
			p.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestManyAtOnce is for the race detector, and for counts that must come out
// even however calls interleave.
func TestManyAtOnce(t *testing.T) {
	for _, policy := range policies {
		// A breaker that opens now and then; lots of limits and priorities.
		ts := targets(1, 2, 3)
		ts[2].Priority = 1
		s := Settings{Policy: policy, SlowStart: time.Second, Panic: 50, HashBound: 150}
		s.Breaker = Breaker{On: true, Volume: 5, Ratio: 40, Time: 50, MaxTime: 100}
		p := newPool(t, Options{}, s, ts)
		var refused atomic.Int64
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 500 {
					u, err := p.Take(t.Context(), Want{Now: int64(i + 1), Key: uint64(i * g)})
					if err != nil {
						refused.Add(1)
						continue
					}
					u.Moved(int64(i), i)
					if i%2 == 0 {
						u.End(int64(i), time.Millisecond, i%3 != g%3)
					} else {
						u.Answered(int64(i), time.Millisecond, i%3 != g%3)
						u.Left(int64(i))
					}
				}
			})
		}
		wg.Go(func() {
			for i := range 50 {
				u := p.Upstreams()[i%3]
				u.SetDown(int64(i), "test")
				p.View(int64(i))
				p.RetryAfter(int64(i))
				if p.MayRetry() {
					p.RetryDone()
				}
				u.SetUp(int64(i))
				s.MaxConns = i % 4
				if err := p.Use(s, ts); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		var total int64
		for _, v := range p.View(1) {
			total += v.Picks
			if v.Active != 0 {
				t.Errorf("%s: %s has %d in flight", policy, v.Name, v.Active)
			}
		}
		if total += refused.Load(); total != 2000 {
			t.Errorf("%s: %d picked and refused, want 2000", policy, total)
		}
		for _, u := range p.Upstreams() {
			if u.breaker.probing != 0 {
				t.Errorf("%s: %s has %d probes in flight", policy, u.Name, u.breaker.probing)
			}
		}
		conserved(t, p)
	}
}
