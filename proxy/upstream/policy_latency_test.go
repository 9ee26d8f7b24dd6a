package upstream

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// answer is the end of a request in a simulation.
type answer struct {
	at, began int64
	u         *Upstream
	ok        bool
}

type answers []answer

func (a answers) Len() int           { return len(a) }
func (a answers) Less(i, j int) bool { return a[i].at < a[j].at }
func (a answers) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *answers) Push(x any)        { *a = append(*a, x.(answer)) }
func (a *answers) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// simulate sends 1000 requests per second to p from one time to another. serve
// says how long a server takes, on average, and whether it succeeds; 0 is
// never. It returns who was picked how often.
func simulate(p *Pool, r *rand.Rand, from, to time.Duration, open *answers, serve func(u *Upstream) (time.Duration, bool)) map[string]float64 {
	count := map[string]float64{}
	for now := int64(from); now < int64(to); now += int64(r.ExpFloat64() * float64(time.Millisecond)) {
		for len(*open) > 0 && (*open)[0].at <= now {
			a := heap.Pop(open).(answer)
			a.u.End(a.at, time.Duration(a.at-a.began), a.ok)
		}
		u := p.Pick(Want{Now: now})
		u.Begin(now)
		count[u.Name]++
		if mean, ok := serve(u); mean > 0 {
			heap.Push(open, answer{now + int64(r.ExpFloat64()*float64(mean)), now, u, ok})
		}
	}
	total := 0.0
	for _, n := range count {
		total += n
	}
	for name := range count {
		count[name] /= total
	}
	return count
}

func TestLeastResponseTime(t *testing.T) {
	const tau = 5 * time.Second
	for _, c := range []struct {
		name   string
		mean   time.Duration // of d, when it has gone bad
		ok     bool
		window [2]time.Duration // after that
		most   float64          // d's share in the window
	}{
		{"ten times slower", 100 * time.Millisecond, true, [2]time.Duration{0, 2 * tau}, .05},
		{"ten times slower, in the end", 100 * time.Millisecond, true, [2]time.Duration{2 * tau, 6 * tau}, .05},
		{"hangs", 0, true, [2]time.Duration{time.Second, 2 * time.Second}, .01},
		{"fails fast", time.Millisecond, false, [2]time.Duration{0, 2 * tau}, .05},
		{"goes on as before", 10 * time.Millisecond, true, [2]time.Duration{0, 2 * tau}, .35},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPool(t, Options{Rand: seeded(11)}, Settings{
				Policy: LeastResponseTime, Tau: tau, Ejection: Ejection{Failures: -1},
			}, targets(1, 1, 1, 1))
			r, open := rand.New(rand.NewPCG(5, 5)), &answers{}
			good := func(*Upstream) (time.Duration, bool) { return 10 * time.Millisecond, true }
			bad := func(u *Upstream) (time.Duration, bool) {
				if u.Name == "d" {
					return c.mean, c.ok
				}
				return good(u)
			}
			before := simulate(p, r, 1, tau, open, good)
			for name, share := range before {
				if share < .15 || share > .35 {
					t.Errorf("among equals %s has a share of %.3f", name, share)
				}
			}
			simulate(p, r, tau, tau+c.window[0], open, bad)
			if got := simulate(p, r, tau+c.window[0], tau+c.window[1], open, bad)["d"]; got > c.most {
				t.Errorf("share of d: %.4f, want at most %.2f", got, c.most)
			} else {
				t.Logf("share of d: %.4f", got)
			}
		})
	}
}

// TestSlowServerIsForgiven: one that has become quick again gets requests
// again, though nobody measured it meanwhile.
func TestSlowServerIsForgiven(t *testing.T) {
	p := newPool(t, Options{Rand: seeded(1)}, Settings{Policy: LeastResponseTime, Tau: 2 * time.Second}, targets(1, 1))
	r, open := rand.New(rand.NewPCG(6, 6)), &answers{}
	good := func(*Upstream) (time.Duration, bool) { return 10 * time.Millisecond, true }
	bad := func(u *Upstream) (time.Duration, bool) {
		return []time.Duration{10 * time.Millisecond, time.Second}[u.index], true
	}
	simulate(p, r, 1, 2*time.Second, open, bad)
	simulate(p, r, 2*time.Second, 20*time.Second, open, good)
	if got := simulate(p, r, 20*time.Second, 25*time.Second, open, good)["b"]; got < .3 {
		t.Errorf("share of the server that has recovered: %.3f", got)
	}
}

func TestUntriedServerGetsOneRequest(t *testing.T) {
	p := newPool(t, Options{Rand: seeded(2)}, Settings{Policy: LeastResponseTime}, targets(1, 1))
	a := p.Upstreams()[0]
	a.Begin(1)
	a.End(2, time.Millisecond, true)
	got := map[string]int{}
	for range 100 {
		u := p.Pick(Want{Now: 3})
		u.Begin(3)
		got[u.Name]++
	}
	if got["b"] != 1 {
		t.Errorf("%v: want 1 for b, which has not answered yet", got)
	}
}

// TestSilenceIsSlow: one that owes an answer is as slow as it has been silent,
// before its load or its average can show it; but not as silent as it was idle
// before, nor when it answers others meanwhile.
func TestSilenceIsSlow(t *testing.T) {
	now := 100 * sec
	for _, c := range []struct {
		name   string
		begun  []int64 // requests in flight at a, by when they began
		answer int64   // of another one at a
		want   string  // of a and b, which answers quickly with 3 in flight
	}{
		{"idle", nil, 0, "a"},
		{"just begun", []int64{now}, 0, "a"},
		{"silent for a second", []int64{now - sec}, 0, "b"},
		{"silent since the first of two", []int64{now - sec, now}, 0, "b"},
		{"answered meanwhile", []int64{now - sec}, now, "a"},
	} {
		p := newPool(t, Options{Rand: zero}, Settings{Policy: LeastResponseTime}, targets(1, 1))
		a, b := p.Upstreams()[0], p.Upstreams()[1]
		for range 3 {
			b.Begin(now)
		}
		for _, u := range p.Upstreams() {
			u.Begin(1)
			u.End(now-2*sec, 10*time.Millisecond, true)
		}
		b.Begin(now)
		b.End(now, 10*time.Millisecond, true)
		for _, at := range c.begun {
			a.Begin(at)
		}
		if c.answer != 0 {
			a.Begin(c.answer)
			a.End(c.answer, 10*time.Millisecond, true)
		}
		if got := p.Pick(Want{Now: now}).Name; got != c.want {
			t.Errorf("%s: %s (costs %.0f and %.0f), want %s", c.name, got, a.cost(now), b.cost(now), c.want)
		}
	}
}

// TestTwoChoices: any two of three are as likely, so the best gets two thirds
// and the worst nothing.
func TestTwoChoices(t *testing.T) {
	const n = 30_000
	p := newPool(t, Options{Rand: seeded(8)}, Settings{Policy: LeastResponseTime}, targets(1, 1, 1))
	for i, u := range p.Upstreams() {
		u.Begin(1)
		u.End(1, time.Duration(i+1)*time.Millisecond, true)
	}
	count := make([]int, 3)
	for range n {
		count[p.Pick(Want{Now: 1}).index]++
	}
	// Five standard deviations are 408.
	if off := count[0] - 20_000; off > 408 || off < -408 || count[2] != 0 {
		t.Errorf("picks %v, want 20000, 10000 and 0", count)
	}
}

func TestDecay(t *testing.T) {
	for _, x := range []float64{-1, 0, 1e-6, 1e-3, .0156, .0157, .1, 1, 10} {
		want := math.Exp(-max(x, 0))
		if got := decay(int64(x*1e9), 1e9); math.Abs(got-want) > 2e-4 {
			t.Errorf("decay over %v tau: %v, want %v", x, got, want)
		}
	}
}

// TestPeakAverage: up at once, down by 1/e per tau.
func TestPeakAverage(t *testing.T) {
	const tau = 10 * time.Second
	var l latency
	p := &Pool{}
	u := &Upstream{Host: &Host{pool: p}, tau: int64(tau), full: unit}
	for _, c := range []struct {
		at, took time.Duration
		ok       bool
		want     time.Duration
	}{
		{1, 10 * time.Millisecond, true, 10 * time.Millisecond},
		{1, 50 * time.Millisecond, true, 50 * time.Millisecond},
		{1 + tau, 10 * time.Millisecond, true, 24715177 * time.Nanosecond}, // 10 + 40/e
		{1 + tau, 10 * time.Millisecond, true, 24715177 * time.Nanosecond},
		{2 + tau, 0, false, 247151771 * time.Nanosecond},
		{2 + tau, time.Hour, true, 5 * time.Second},
	} {
		l.observe(int64(c.at), c.took, c.ok, tau)
		u.latency.avg.Store(l.avg.Load())
		u.latency.at.Store(l.at.Load())
		if got := time.Duration(u.cost(int64(c.at)) * unit); got-c.want > 5 || c.want-got > 5 {
			t.Errorf("after %v at %v: %v, want %v", c.took, c.at, got, c.want)
		}
	}
}
