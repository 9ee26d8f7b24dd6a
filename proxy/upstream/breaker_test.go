package upstream

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// machine is what a breaker should be, written down plainly.
type machine struct {
	s       Breaker
	state   string
	until   int64
	log     []outcome // while closed
	streak  int
	opened  int // in a row
	probing int
	passed  int
}

type outcome struct {
	at int64
	ok bool
}

func (m *machine) take(now int64) (ok, probe bool) {
	if m.state == "open" && now >= m.until {
		if m.probing >= m.s.Probes {
			return false, false
		}
		m.state, m.passed = "half-open", 0
	}
	switch {
	case m.state == "closed":
		return true, false
	case m.state == "half-open" && m.probing+m.passed < m.s.Probes:
		m.probing++
		return true, true
	}
	return false, false
}

func (m *machine) end(now int64, ok, probe bool) {
	if probe {
		m.probing--
	}
	switch {
	case m.state == "closed":
		m.log = append(m.log, outcome{now, ok})
		if m.streak++; ok {
			m.streak = 0
		}
		step, asked, failed := int64(m.s.Window)/10, 0, 0
		for _, o := range m.log {
			if now/step-o.at/step < 10 {
				if asked++; !o.ok {
					failed++
				}
			}
		}
		ratio := float64(failed) / float64(asked)
		if !ok && (m.streak == m.s.Failures || asked >= m.s.Volume && ratio >= float64(m.s.Ratio)/100) {
			m.trip(now)
		}
	case m.state == "half-open" && probe && !ok:
		m.trip(now)
	case m.state == "half-open" && probe:
		if m.passed++; m.passed == m.s.Probes {
			m.state, m.opened = "closed", 0
		}
	}
}

func (m *machine) trip(now int64) {
	d := m.s.Time << min(m.opened, 20)
	m.until = now + int64(min(d, m.s.MaxTime))
	m.state, m.log, m.streak = "open", nil, 0
	m.opened++
}

// TestBreakerAgainstMachine runs random requests, many at a time, through an
// upstream's breaker and through the machine: each must be let through or not by
// both, and the states be the same at any time.
func TestBreakerAgainstMachine(t *testing.T) {
	const steps = 4000
	visits := map[string]int{}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 9))
		s := Breaker{
			On: true, Volume: 1 + r.IntN(30), Ratio: 1 + r.IntN(100), Failures: r.IntN(8), Window: time.Duration(1+r.IntN(20)) * time.Second,
			Time: time.Duration(1+r.IntN(10)) * time.Second, MaxTime: 30 * time.Second, Jitter: -1, Probes: 1 + r.IntN(5),
		}
		p := newPool(t, Options{}, Settings{Breaker: s, Ejection: Ejection{Failures: -1}}, targets(1))
		a := p.Upstreams()[0]
		m := &machine{s: s, state: "closed"}
		type request struct {
			u     *Upstream
			probe bool
		}
		var open []request
		now, sick := sec, 0
		for step := range steps {
			now += int64(r.ExpFloat64() * 3e8)
			if step%200 == 0 {
				sick = []int{0, 5, 40, 100}[r.IntN(4)]
			}
			if len(open) > 0 && r.IntN(40) < 15+len(open) {
				i, ok := r.IntN(len(open)), r.IntN(100) >= sick
				open[i].u.End(now, ms, ok)
				m.end(now, ok, open[i].probe)
				open[i] = open[len(open)-1]
				open = open[:len(open)-1]
			} else {
				ok, probe := m.take(now)
				u, err := p.Take(t.Context(), Want{Now: now})
				if ok != (err == nil) || err != nil && !errors.Is(err, ErrOpen) || ok && u.probe != probe {
					t.Fatalf("seed %d step %d (%s): %v, %v, want %v, probe %v", seed, step, m.state, u, err, ok, probe)
				}
				if ok {
					open = append(open, request{u, probe})
				}
			}
			probes := 0
			for _, x := range open {
				if x.probe {
					probes++
				}
			}
			if probes > s.Probes {
				t.Fatalf("seed %d step %d: %d probes in flight, at most %d", seed, step, probes, s.Probes)
			}
			if got := a.breaker.is().String(); got != m.state || got == "open" && a.breaker.until.Load() != m.until {
				t.Fatalf("seed %d step %d: %s until %d, want %s until %d", seed, step, got, a.breaker.until.Load(), m.state, m.until)
			}
			visits[m.state]++
		}
	}
	for _, state := range []string{"closed", "open", "half-open"} {
		if visits[state] < 60*steps/50 {
			t.Errorf("%s was seen %d times only: %v", state, visits[state], visits)
		}
	}
}

// TestBreakerTimes: the defaults, at their exact times.
func TestBreakerTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, ticking(), Settings{Breaker: Breaker{On: true, Jitter: -1}}, targets(1))
		request := func(ok bool) (refused bool) {
			u, err := p.Take(t.Context(), Want{})
			if err != nil {
				return true
			}
			u.End(p.Now(), ms, ok)
			return false
		}
		for i := range 19 {
			if request(i%2 == 0) {
				t.Fatalf("request %d is refused", i)
			}
		}
		request(false) // 10 of 20
		for _, wait := range []time.Duration{5, 10, 20, 40, 60, 60} {
			wait *= time.Second
			if got := p.RetryAfter(p.Now()); got != wait {
				t.Errorf("retry after %v, want %v", got, wait)
			}
			time.Sleep(wait - 1)
			if v := p.View(p.Now())[0]; v.Breaker != "open" || !request(true) {
				t.Errorf("%s just before %v are over", v.Breaker, wait)
			}
			time.Sleep(time.Nanosecond)
			if v := p.View(p.Now())[0]; v.Breaker != "half-open" {
				t.Errorf("%s when %v are over", v.Breaker, wait)
			}
			for probe := range 3 {
				if request(probe < 2) {
					t.Errorf("probe %d is refused", probe)
				}
			}
		}
		time.Sleep(time.Minute)
		for range 3 {
			request(true)
		}
		if v := p.View(p.Now())[0]; v.Breaker != "closed" {
			t.Errorf("%s after three probes that passed", v.Breaker)
		}
		for range 20 {
			request(false)
		}
		if got := p.RetryAfter(p.Now()); got != 5*time.Second {
			t.Errorf("opened anew for %v, want 5s", got)
		}
	})
}

// TestBreakerOfOne: the others go on, and what an open one refuses waits for
// nobody; but who waits for a place gets one of the probes.
func TestBreakerOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Settings{MaxConns: 2, Breaker: Breaker{On: true, Failures: 3, Jitter: -1, Probes: 1}, Queue: Queue{Timeout: time.Minute}}
		p := newPool(t, ticking(), s, targets(1, 1))
		a, b := p.Upstreams()[0], p.Upstreams()[1]
		fail(a, p.Now(), 3)
		for range 2 {
			if u := take(t, p, Want{}); u != b {
				t.Errorf("took %s, whose breaker is open", u.Name)
			}
		}
		if u, err := p.Take(t.Context(), Want{Among: 1}); !errors.Is(err, ErrOpen) {
			t.Errorf("%v, %v, want %v", u, err, ErrOpen)
		}
		if p.Pick(Want{Among: 1}) != nil {
			t.Error("picked one whose breaker is open")
		}
		began := time.Now()
		u := take(t, p, Want{})
		if u.Host != a.Host || time.Since(began) != 5*time.Second {
			t.Errorf("got %s after %v, want a after 5s", u.Name, time.Since(began))
		}
		if u, err := p.Take(t.Context(), Want{Among: 1}); !errors.Is(err, ErrOpen) {
			t.Errorf("a second probe: %v, %v", u, err)
		}
		u.Answered(p.Now(), ms, true)
		if v := p.View(p.Now())[0]; v.Breaker != "closed" || v.Active != 1 {
			t.Errorf("%s with %d in flight after its probe was answered", v.Breaker, v.Active)
		}
		u.Left(p.Now())
		if v := p.View(p.Now())[0]; v.Active != 0 || v.Picks != 1 {
			t.Errorf("%+v after its probe has left", v)
		}
	})
}

// TestBreakerSwitchedOff by a reload: probes that are under way count no more.
func TestBreakerSwitchedOff(t *testing.T) {
	p := newPool(t, Options{}, Settings{Breaker: Breaker{On: true, Failures: 1, Probes: 1}}, targets(1))
	fail(p.Upstreams()[0], 1, 1)
	probe, err := p.Take(t.Context(), Want{Now: 7 * sec})
	if err != nil || !probe.probe {
		t.Fatal(probe, err)
	}
	if err := p.Use(Settings{}, targets(1)); err != nil {
		t.Fatal(err)
	}
	take(t, p, Want{Now: 7 * sec})
	probe.End(7*sec, ms, false)
	if n := p.Upstreams()[0].breaker.probing; n != 0 {
		t.Errorf("%d probes in flight", n)
	}
	if v := p.View(1)[0]; v.Breaker != "" || v.Active != 1 {
		t.Errorf("%+v", v)
	}
}
