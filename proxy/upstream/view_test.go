package upstream

import (
	"math"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// TestView: everything that the console shows of one server.
func TestView(t *testing.T) {
	ts := []Target{{Name: "a", Addr: "a:1", Zone: "x", Weight: 2, Priority: 1, MaxConns: 20}}
	s := Settings{SlowStart: 100 * time.Second, Breaker: Breaker{On: true}}
	p := newPool(t, Options{Watched: true}, s, ts)
	a := p.Upstreams()[0]
	a.SetUp(sec)
	a.SetDown(2*sec, "refused")
	a.SetUp(10 * sec)
	// For a minute ten requests a second, of which one in five fails.
	for i := range int64(600) {
		at := 10*sec + i*sec/10
		u := take(t, p, Want{Now: at})
		u.Moved(at, 1000)
		u.End(at, 2*time.Millisecond, i%5 != 0)
	}
	take(t, p, Want{Now: 70 * sec})
	v := p.View(70 * sec)[0]
	near := func(what string, got, want float64) {
		if math.Abs(got/want-1) > .05 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("requests per second", v.PerSecond.Requests, 10)
	near("failures per second", v.PerSecond.Failures, 2)
	near("bytes per second", v.PerSecond.Bytes, 10_000)
	if v.EWMA < 2*time.Millisecond {
		t.Errorf("latency %v", v.EWMA)
	}
	if n, p95 := v.Took.Count(), v.Took.Quantile(.95); n < 300 || n > 600 || p95 < time.Millisecond || p95 > 2500*time.Microsecond {
		t.Errorf("%d requests of late, p95 %v", n, p95)
	}
	v.PerSecond, v.EWMA, v.Took = Rates{}, 0, stats.Histogram{}
	want := View{
		Name: "a", Addr: "a:1", Zone: "x", State: "up", Serving: true, Since: 10 * sec, Weight: 2, Priority: 1,
		Share: .6, Active: 1, Limit: 12, Picks: 601, Failures: 120, Breaker: "closed", Bytes: 600_000,
	}
	if v != want {
		t.Errorf("%+v\nwant %+v", v, want)
	}
	if n := p.View(131 * sec)[0].Took.Count(); n != 0 {
		t.Errorf("a minute later there are %d requests of late", n)
	}
}
