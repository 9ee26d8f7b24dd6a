package upstream

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func take(t *testing.T, p *Pool, w Want) *Upstream {
	t.Helper()
	u, err := p.Take(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ticking is a clock that goes on, unlike newPool's own.
func ticking() Options {
	began := time.Now()
	return Options{Clock: func() int64 { return int64(time.Since(began)) + 1 }}
}

// conserved says that nobody was lost: those who came are those who left.
func conserved(t *testing.T, p *Pool) QueueCounts {
	t.Helper()
	waiting, c := p.Queued()
	if c.In != c.Served+c.TimedOut+c.Gone+c.Full+c.Nobody+waiting {
		t.Errorf("%d wait of %+v", waiting, c)
	}
	return c
}

func TestTakeKeepsLimits(t *testing.T) {
	ts := targets(1, 1, 1)
	ts[1].MaxConns, ts[2].MaxConns = 1, -1
	for _, policy := range policies {
		p := newPool(t, Options{Rand: seeded(5)}, Settings{Policy: policy, MaxConns: 2}, ts[:2])
		for range 3 {
			take(t, p, Want{Key: 1})
		}
		if vs := p.View(1); vs[0].Active != 2 || vs[1].Active != 1 {
			t.Errorf("%s: %d and %d in flight, want 2 and 1", policy, vs[0].Active, vs[1].Active)
		}
		if err := p.Use(Settings{Policy: policy, MaxConns: 2, Queue: Queue{Length: -1}}, ts[:2]); err != nil {
			t.Fatal(err)
		}
		if u, err := p.Take(t.Context(), Want{}); u != nil || !errors.Is(err, ErrQueueFull) {
			t.Errorf("%s: one more: %v, %v, want %v", policy, u, err, ErrQueueFull)
		}
		if err := p.Use(Settings{Policy: policy, MaxConns: 2}, ts); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if u := take(t, p, Want{}); u.Name != "c" {
				t.Errorf("%s: took %s, which is full", policy, u.Name)
			}
		}
	}
}

func TestTakeFromNobody(t *testing.T) {
	p := newPool(t, Options{Watched: true}, Settings{MaxConns: 1}, targets(1))
	if u, err := p.Take(t.Context(), Want{}); u != nil || !errors.Is(err, ErrNobody) {
		t.Errorf("%v, %v, want %v", u, err, ErrNobody)
	}
}

// TestSlowStartLimits: a tenth of the limit at first, and the queue notices
// that it grows though nothing ends.
func TestSlowStartLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, ticking(), Settings{MaxConns: 20, SlowStart: 100 * time.Second}, targets(1))
		a := p.Upstreams()[0]
		time.Sleep(time.Second)
		a.SetDown(p.Now(), "test")
		a.SetUp(p.Now())
		began := time.Now()
		for i := range 20 {
			for {
				u, err := p.Take(t.Context(), Want{})
				if err == nil && u == a {
					break
				} else if !errors.Is(err, ErrQueueTimeout) {
					t.Fatal(u, err)
				}
			}
			// i+1 of 20 are allowed at (i+1)/20 of the window, but for the first two.
			want := time.Duration(i+1) * 5 * time.Second
			if i < 2 {
				want = 0
			}
			if got := time.Since(began); got < want || got > want+time.Second {
				t.Errorf("request %d got its place after %v, want %v", i+1, got, want)
			}
		}
	})
}

func TestQueueIsServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, Options{}, Settings{MaxConns: 1}, targets(1, 1))
		held := []*Upstream{take(t, p, Want{}), take(t, p, Want{})}
		var order []int
		for i := range 100 {
			go func() {
				u, err := p.Take(t.Context(), Want{})
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, i) // one at a time: see below
				held = append(held, u)
			}()
			synctest.Wait()
		}
		for i := range 100 {
			held[i].End(p.Now(), ms, true)
			synctest.Wait()
		}
		for i, got := range order {
			if got != i {
				t.Fatalf("place %d went to %d: %v", i, got, order)
			}
		}
		if c := conserved(t, p); c != (QueueCounts{In: 100, Served: 100}) {
			t.Errorf("%+v", c)
		}
	})
}

// TestQueueSkipsWhoCannot: a place goes to the first who can use it, and who
// comes new does not wait behind those who want somebody else.
func TestQueueSkipsWhoCannot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, Options{Rand: zero}, Settings{MaxConns: 1}, targets(1, 1))
		a, b := take(t, p, Want{}), take(t, p, Want{})
		got := map[string]*Upstream{}
		enter := func(name string, w Want) {
			go func() { got[name], _ = p.Take(t.Context(), w) }()
			synctest.Wait()
		}
		enter("among a", Want{Among: 1})
		enter("prefers a", Want{Prefer: a})
		enter("any", Want{})
		b.End(1, ms, true)
		synctest.Wait()
		if got["any"] != b || len(got) != 1 {
			t.Fatalf("b went to %v", got)
		}
		b.End(1, ms, true)
		enter("new", Want{})
		if got["new"] != b {
			t.Errorf("a new one waits behind those who want a: %v", got)
		}
		a.End(1, ms, true)
		synctest.Wait()
		if got["among a"] != a || got["prefers a"] != nil {
			t.Errorf("a went to %v", got)
		}
		b.End(1, ms, true)
		a.SetDown(1, "test")
		synctest.Wait()
		if got["prefers a"] != b {
			t.Errorf("a is down: who prefers it got %v", got["prefers a"])
		}
		a.End(1, ms, true)
		conserved(t, p)
	})
}

func TestQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Settings{MaxConns: 1, Queue: Queue{Length: 2, Timeout: 3 * time.Second}}
		p := newPool(t, Options{}, s, targets(1))
		a := take(t, p, Want{})
		began := time.Now()
		var wg sync.WaitGroup
		enter := func(ctx context.Context, want error, after time.Duration) {
			wg.Go(func() {
				u, err := p.Take(ctx, Want{})
				if u != nil || !errors.Is(err, want) || time.Since(began) != after {
					t.Errorf("%v, %v after %v, want %v after %v", u, err, time.Since(began), want, after)
				}
			})
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		enter(t.Context(), ErrQueueTimeout, 3*time.Second)
		enter(ctx, context.DeadlineExceeded, time.Second)
		enter(t.Context(), ErrQueueFull, 0)
		time.Sleep(2 * time.Second)
		enter(t.Context(), ErrNobody, 4*time.Second)
		time.Sleep(2 * time.Second)
		a.SetDown(p.Now(), "test")
		wg.Wait()
		if c := conserved(t, p); c != (QueueCounts{In: 4, TimedOut: 1, Gone: 1, Full: 1, Nobody: 1}) {
			t.Errorf("%+v", c)
		}
		if v := p.View(p.Now())[0]; v.Active != 1 {
			t.Errorf("%d in flight, want the one that was taken", v.Active)
		}
	})
}

// TestQueueSeesEveryPlace: whatever makes a place is noticed.
func TestQueueSeesEveryPlace(t *testing.T) {
	for _, c := range []struct {
		name  string
		place func(p *Pool, a *Upstream) error
		after time.Duration
	}{
		{"end", func(_ *Pool, a *Upstream) error { a.End(sec, ms, true); return nil }, 0},
		{"another up", func(p *Pool, _ *Upstream) error { p.Upstreams()[1].SetUp(sec); return nil }, 0},
		{"another ready", func(p *Pool, _ *Upstream) error { p.Upstreams()[2].Drain(false); return nil }, 0},
		{"a higher limit", func(p *Pool, _ *Upstream) error { return p.Use(Settings{MaxConns: 2}, targets(1, 1, 1, 1)) }, 0},
		{"one joins", func(p *Pool, _ *Upstream) error { return p.Use(Settings{MaxConns: 1}, targets(equal(5)...)) }, 0},
		{"an ejection ends", func(*Pool, *Upstream) error { return nil }, 4 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := Settings{MaxConns: 1, Ejection: Ejection{Time: 4 * time.Second}}
				p := newPool(t, ticking(), s, targets(1, 1, 1, 1))
				p.Upstreams()[1].SetDown(1, "test")
				p.Upstreams()[2].Drain(true)
				fail(p.Upstreams()[3], p.Now(), 5)
				a := take(t, p, Want{})
				began := time.Now()
				var took time.Duration
				go func() {
					if _, err := p.Take(t.Context(), Want{}); err != nil {
						t.Error(err)
					}
					took = time.Since(began)
				}()
				synctest.Wait()
				if err := c.place(p, a); err != nil {
					t.Fatal(err)
				}
				time.Sleep(6 * time.Second)
				synctest.Wait()
				if took != c.after {
					t.Errorf("served after %v, want %v", took, c.after)
				}
			})
		})
	}
}

// TestTenThousandWait is for lost wake-ups: each place is given up by somebody
// who holds it, many at once, while others leave, and servers come and go. All
// must end, no limit be overstepped, and the counts come out even.
func TestTenThousandWait(t *testing.T) {
	const clients, limit = 10_000, 3
	s := Settings{MaxConns: limit, Queue: Queue{Length: 8000, Timeout: time.Minute}, Ejection: Ejection{Failures: -1}}
	p := newPool(t, ticking(), s, targets(1, 2, 3, 4))
	var wg sync.WaitGroup
	var mu sync.Mutex
	ends := map[string]int{}
	// All places are taken until most have come.
	var held []*Upstream
	for range 4 * limit {
		held = append(held, take(t, p, Want{}))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			mine, what := t.Context(), "served"
			if i%10 == 0 {
				mine = ctx
			}
			w := Want{}
			if i%7 == 0 {
				w.Among = 1 << r.IntN(3)
			}
			u, err := p.Take(mine, w)
			switch {
			case err == nil:
				if n := u.active.Load(); n > limit {
					t.Errorf("%s holds %d, limit %d", u.Name, n, limit)
				}
				for range r.IntN(3) {
					runtime.Gosched()
				}
				u.End(p.Now(), time.Microsecond, i%3 != 0)
			case errors.Is(err, ErrQueueFull):
				what = "full"
			case errors.Is(err, context.Canceled):
				what = "gone"
			default:
				what = err.Error()
			}
			mu.Lock()
			ends[what]++
			mu.Unlock()
		})
		if i == clients/2 {
			cancel()
		}
		if i%1000 == 0 {
			d := p.Upstreams()[3]
			d.SetDown(p.Now(), "test")
			d.SetUp(p.Now())
		}
	}
	for _, u := range held {
		u.End(p.Now(), ms, true)
	}
	wg.Wait()
	c := conserved(t, p)
	if int(c.Full) != ends["full"] || int(c.Gone) != ends["gone"] || ends["served"]+ends["full"]+ends["gone"] != clients {
		t.Errorf("%v ended, the pool counted %+v", ends, c)
	}
	for _, v := range p.View(p.Now()) {
		if v.Active != 0 {
			t.Errorf("%s has %d in flight", v.Name, v.Active)
		}
	}
	t.Logf("%v, %+v", ends, c)
}

func TestRetryBudget(t *testing.T) {
	for _, c := range []struct {
		r        Retry
		inFlight int
		want     int
	}{
		{Retry{}, 0, 3}, {Retry{}, 19, 3}, {Retry{}, 20, 4}, {Retry{}, 104, 20},
		{Retry{Percent: 50, Floor: 1}, 9, 4}, {Retry{Percent: -1}, 100, 3}, {Retry{Percent: -1, Floor: -1}, 100, 0},
	} {
		p := newPool(t, Options{}, Settings{Retry: c.r}, targets(1, 1))
		for range c.inFlight {
			take(t, p, Want{})
		}
		for round := range 2 {
			got := 0
			for p.MayRetry() {
				got++
			}
			if got != c.want {
				t.Errorf("%+v, %d in flight, round %d: %d retries, want %d", c.r, c.inFlight, round, got, c.want)
			}
			for range got {
				p.RetryDone()
			}
		}
	}
}

// TestRetriesCountTheQueue: those who wait are load too.
func TestRetriesCountTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, Options{}, Settings{MaxConns: 10}, targets(1))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = p.Take(t.Context(), Want{}) })
		}
		synctest.Wait()
		for i := range 5 {
			if may := p.MayRetry(); may != (i < 4) {
				t.Errorf("retry %d of 20 %% of 10 in flight and 10 in the queue: %v", i+1, may)
			}
		}
		wg.Wait()
	})
}
