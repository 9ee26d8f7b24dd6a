package upstream

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// prober answers as it is told and writes down when it was asked.
type prober struct {
	mu    sync.Mutex
	sick  map[string]error // errHang: until the time is over
	takes time.Duration
	asked map[string][]time.Duration
	began time.Time
}

var errHang = errors.New("hang")

func newProber() *prober {
	return &prober{sick: map[string]error{}, asked: map[string][]time.Duration{}, began: time.Now()}
}

func (p *prober) Probe(ctx context.Context, addr string) (Report, error) {
	p.mu.Lock()
	p.asked[addr] = append(p.asked[addr], time.Since(p.began))
	err, takes := p.sick[addr], p.takes
	p.mu.Unlock()
	time.Sleep(takes)
	if errors.Is(err, errHang) {
		<-ctx.Done()
		return Report{}, ctx.Err()
	}
	return Report{Note: "fine"}, err
}

func (p *prober) set(addr string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sick[addr] = err
}

func (p *prober) dawdle(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.takes = d
}

func (p *prober) times(addr string) []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Duration(nil), p.asked[addr]...)
}

// at sleeps until that time of the bubble and lets all goroutines come to rest.
func (p *prober) at(d time.Duration) {
	time.Sleep(time.Until(p.began.Add(d)))
	synctest.Wait()
}

const ms = time.Millisecond

// steady has no jitter, so that times are exact.
var steady = Check{Interval: time.Second, Timeout: 300 * ms, Fast: 100 * ms, Rise: 2, Fall: 3, Jitter: -1}

func TestCheckRiseAndFall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		probe.set("b:5432", errors.New("connection refused"))
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1, 1))
		state := func(at time.Duration, want string) {
			t.Helper()
			probe.at(at)
			vs := p.View(p.Now())
			if got := vs[0].State + " " + vs[1].State; got != want {
				t.Errorf("at %v: %s, want %s", at, got, want)
			}
		}
		state(0, "up down") // the first answer counts at once
		if vs := p.View(p.Now()); vs[0].Why != "fine" || vs[1].Why != "connection refused" {
			t.Errorf("why: %q and %q", vs[0].Why, vs[1].Why)
		}
		probe.set("a:5432", errors.New("refused"))
		probe.set("b:5432", nil)
		state(1*time.Second, "up down")          // 1 of 3 and 1 of 2
		state(1*time.Second+99*ms, "up down")    //
		state(1*time.Second+100*ms, "up up")     // 2 of 2, asked sooner
		state(1*time.Second+199*ms, "up up")     //
		state(1*time.Second+200*ms, "down up")   // 3 of 3
		state(2*time.Second+99*ms, "down up")    // the usual interval again
		probe.set("a:5432", errHang)             //
		state(2*time.Second+199*ms, "down up")   //
		probe.set("b:5432", errHang)             // asked at 2.1: still fine
		state(3*time.Second+100*ms, "down up")   // asked, no answer yet
		state(4*time.Second+199*ms, "down up")   // 3.4, then 3.5 to 3.8, then 3.9 to 4.2
		state(4*time.Second+200*ms, "down down") //
		if p.Pick(Want{}) != nil {
			t.Error("picked though all are down")
		}
	})
}

// TestCheckBeforeTheFirstPass: nobody is sent to a server that has not passed.
func TestCheckBeforeTheFirstPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		probe.set("a:5432", errHang)
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1))
		if p.Pick(Want{}) != nil {
			t.Error("picked before the first pass")
		}
	})
}

// TestCheckOfABlip: one failure and one pass are back to nought.
func TestCheckOfABlip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1))
		probe.at(0)
		for i := range 10 {
			probe.set("a:5432", errors.New("refused"))
			probe.at(time.Duration(i+1)*time.Second + time.Duration(2*i)*100*ms)
			probe.at(time.Duration(i+1)*time.Second + time.Duration(2*i+1)*100*ms)
			probe.set("a:5432", nil)
			probe.at(time.Duration(i+1)*time.Second + time.Duration(2*i+2)*100*ms)
			if p.Pick(Want{}) == nil {
				t.Fatalf("down after blip %d", i)
			}
		}
		if got := len(probe.times("a:5432")); got != 31 {
			t.Errorf("%d probes, want 1 and 10 times 3", got)
		}
	})
}

// TestFailureIsCheckedSoon: a passive mark asks at once, but a thousand of
// them do not ask a thousand times.
func TestFailureIsCheckedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1, 1))
		a := p.Upstreams()[0]
		probe.at(550 * ms)
		fail(a, p.Now(), 1)
		probe.at(550 * ms)
		probe.at(560 * ms)
		for range 10 {
			fail(a, p.Now(), 1)
			probe.at(time.Since(probe.began) + ms)
		}
		probe.at(1700 * ms)
		want := []time.Duration{0, 550 * ms, 650 * ms, 1650 * ms}
		got := probe.times("a:5432")
		if len(got) != len(want) {
			t.Fatalf("probes at %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("probes at %v, want %v", got, want)
			}
		}
	})
}

// TestDeadServerLeavesSoon: its first failed request brings it down within the
// probes that Fall takes, not within as many intervals.
func TestDeadServerLeavesSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		p := newPool(t, Options{Prober: probe, Rand: zero}, Settings{Check: steady}, targets(1, 1))
		probe.at(500 * ms)
		probe.set("a:5432", errors.New("refused"))
		fail(p.Upstreams()[0], p.Now(), 1)
		probe.at(699 * ms)
		if got := p.View(p.Now())[0].State; got != "up" {
			t.Errorf("%s after two of three probes", got)
		}
		probe.at(700 * ms)
		if got := p.View(p.Now())[0].State; got != "down" {
			t.Errorf("%s after three of three probes", got)
		}
	})
}

func TestPassEndsEjectionInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1, 1))
		probe.at(1050 * ms)
		fail(p.Upstreams()[0], p.Now(), 5)
		if got := out(p, p.Now()); got != "a" {
			t.Fatalf("ejected %q, want a", got)
		}
		probe.at(1099 * ms)
		if got := out(p, p.Now()); got != "a" {
			t.Errorf("ejected %q before the probe is due", got)
		}
		probe.at(1100 * ms) // Fast after the probe at 1 s
		if got := out(p, p.Now()); got != "" {
			t.Errorf("ejected %q after a pass", got)
		}
	})
}

// TestLatePass: the answer to a question asked before an ejection says nothing
// about it.
func TestLatePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		probe.dawdle(200 * ms)
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1, 1))
		probe.at(1300 * ms) // asked at 1.2, answered at 1.4
		fail(p.Upstreams()[0], p.Now(), 5)
		for _, c := range []struct {
			at   time.Duration
			want string
		}{{1450 * ms, "a"}, {1599 * ms, "a"}, {1600 * ms, ""}} {
			probe.at(c.at)
			if got := out(p, p.Now()); got != c.want {
				t.Errorf("at %v: ejected %q, want %q", c.at, got, c.want)
			}
		}
	})
}

// TestCloseWaits for a probe under way, and does not hold its end against the
// server.
func TestCloseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		s := Settings{Check: steady}
		s.Check.Fall = 1
		p := newPool(t, Options{Prober: probe}, s, targets(1))
		probe.at(500 * ms)
		probe.set("a:5432", errHang)
		probe.dawdle(250 * ms) // deaf to ctx for so long
		probe.at(1100 * ms)
		p.Close()
		if got := time.Since(probe.began); got != 1250*ms {
			t.Errorf("closed at %v, while a probe was under way until 1.25s", got)
		}
		if v := p.View(p.Now())[0]; v.State != "up" {
			t.Errorf("%s after Close: %s", v.State, v.Why)
		}
	})
}

// TestCheckersFollowUse: who joins is checked, who goes is not, and Close
// leaves no goroutine (synctest waits for them all).
func TestCheckersFollowUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		p := newPool(t, Options{Prober: probe}, Settings{Check: steady}, targets(1, 1))
		probe.at(100 * ms)
		probe.set("b:5432", errHang)
		probe.at(1100 * ms) // b's probe is under way when b goes
		s := Settings{Check: steady}
		s.Check.Interval = 2 * time.Second
		if err := p.Use(s, append(targets(1), targets(1, 1, 1)[2])); err != nil {
			t.Fatal(err)
		}
		probe.at(10 * time.Second)
		for addr, want := range map[string]int{"a:5432": 3 + 4, "b:5432": 2, "c:5432": 5} {
			if got := probe.times(addr); len(got) != want {
				t.Errorf("%s was asked %d times, want %d: %v", addr, len(got), want, got)
			}
		}
		p.Close()
		if err := p.Use(s, targets(1, 1, 1, 1)); err != nil {
			t.Fatal(err)
		}
		probe.at(20 * time.Second)
		if got := probe.times("d:5432"); len(got) != 0 {
			t.Errorf("checked after Close at %v", got)
		}
	})
}

// TestJitter: intervals differ, within their bounds.
func TestJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		probe := newProber()
		s := Settings{Check: Check{Interval: time.Second, Jitter: 20}}
		newPool(t, Options{Prober: probe, Rand: seeded(4)}, s, targets(1))
		probe.at(200 * time.Second)
		times := probe.times("a:5432")
		least, most := time.Hour, time.Duration(0)
		for i := range times[1:] {
			d := times[i+1] - times[i]
			least, most = min(least, d), max(most, d)
		}
		if least < 800*ms || least > 850*ms || most > 1200*ms || most < 1150*ms {
			t.Errorf("intervals from %v to %v, want nearly 800 ms to 1.2 s", least, most)
		}
	})
}
