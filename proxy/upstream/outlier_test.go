package upstream

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answers has an upstream end n requests at that time, of which so many fail,
// never two in a row unless most do.
func outcomes(u *Upstream, now int64, n, failures int) {
	owed := 0
	for range n {
		u.Begin(now)
		owed += failures
		ok := owed < n
		if !ok {
			owed -= n
		}
		u.End(now, time.Millisecond, ok)
	}
}

// TestOutliers compares servers at the end of an interval. No case has failures
// enough in a row to eject by that.
func TestOutliers(t *testing.T) {
	for _, c := range []struct {
		name  string
		e     Ejection
		asked []int // per server
		fail  []int // of these
		want  string
	}{
		// Rates 50, 100, 100, 100, 100: mean 90, deviation 20, threshold 52 (Envoy's example).
		{"one at 50 %", Ejection{}, []int{200, 200, 200, 200, 200}, []int{100, 0, 0, 0, 0}, "a"},
		{"too few servers", Ejection{}, []int{200, 200, 200, 200}, []int{100, 0, 0, 0}, ""},
		{"too few that were asked enough", Ejection{}, []int{200, 200, 200, 200, 99}, []int{100, 0, 0, 0, 0}, ""},
		{"not asked enough itself", Ejection{}, []int{99, 200, 200, 200, 200, 200}, []int{50, 0, 0, 0, 0, 0}, ""},
		{"all alike", Ejection{}, []int{200, 200, 200, 200, 200}, []int{100, 100, 100, 100, 100}, ""},
		{"one failure in a thousand", Ejection{}, []int{1000, 1000, 1000, 1000, 1000}, []int{1, 0, 0, 0, 0}, ""},
		{"the gap by hand", Ejection{Gap: -1}, []int{1000, 1000, 1000, 1000, 1000}, []int{1, 0, 0, 0, 0}, "a"},
		// Two of ten at 60: mean 92, deviation 16, threshold 61.6.
		{"two of ten", Ejection{}, []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 100}, []int{0, 40, 0, 0, 0, 0, 0, 0, 40, 0}, "bi"},
		{"the worse of two, by the cap", Ejection{Share: 10}, []int{100, 100, 100, 100, 100, 100, 100, 100, 100, 100}, []int{0, 40, 0, 0, 0, 0, 0, 0, 42, 0}, "i"},
		{"less strict", Ejection{Deviations: 2.1}, []int{200, 200, 200, 200, 200}, []int{100, 0, 0, 0, 0}, ""},
		{"off", Ejection{Deviations: -1}, []int{200, 200, 200, 200, 200}, []int{100, 0, 0, 0, 0}, ""},
		{"failure rate", Ejection{Deviations: -1, FailureRate: 50}, []int{200, 200, 200, 200, 200}, []int{100, 99, 120, 0, 0}, "ac"},
		{"failure rate, all", Ejection{Deviations: -1, FailureRate: 50}, []int{200, 200, 200, 200, 200}, []int{100, 120, 120, 100, 100}, "bc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.e.Failures = 1000
			p := newPool(t, Options{}, Settings{Ejection: c.e}, targets(equal(len(c.asked))...))
			for i, u := range p.Upstreams() {
				outcomes(u, sec, c.asked[i], c.fail[i])
			}
			if got := out(p, 10*sec); got != "" {
				t.Errorf("%s ejected before the interval is over", got)
			}
			if got := out(p, 10*sec+1); got != c.want {
				t.Errorf("ejected %q, want %q", got, c.want)
			}
			for _, v := range p.View(11 * sec) {
				if v.State == "ejected" && !strings.Contains(v.Why, "%") {
					t.Errorf("%s is ejected why: %q", v.Name, v.Why)
				}
			}
			for _, u := range p.Upstreams() {
				u.SetUp(11 * sec)
			}
			if got := out(p, 20*sec+1); got != c.want {
				t.Errorf("ejected %q by passes and an interval without requests, want still %q", got, c.want)
			}
			if got := out(p, 40*sec+1); got != "" {
				t.Errorf("%s does not come back", got)
			}
		})
	}
}

// TestOutlierTimes runs in real time, virtually: a server that goes bad at 14 s
// is put aside at 20 s, and again for twice as long when it has not changed,
// and in the end is as good as any.
func TestOutlierTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		o := Options{Clock: func() int64 { return int64(time.Since(began)) }, Rand: seeded(31)}
		p := newPool(t, o, Settings{Policy: RoundRobin, Ejection: Ejection{Failures: -1}}, targets(equal(6)...))
		var changes []string
		was := "up"
		for time.Since(began) < 200*time.Second {
			u := p.Pick(Want{})
			u.Begin(p.Now())
			bad := u.index == 2 && time.Since(began) > 14*time.Second && time.Since(began) < 85*time.Second
			u.End(p.Now(), ms, !bad)
			if v := p.View(p.Now())[2]; v.State != was {
				was = v.State
				changes = append(changes, time.Since(began).String()+" "+was)
			}
			time.Sleep(5 * time.Millisecond)
		}
		want := "20s ejected, 50s up, 1m0s ejected, 2m0s up"
		if got := strings.Join(changes, ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
