package upstream

import (
	"math"
	"testing"
)

func TestFlow(t *testing.T) {
	p := newPool(t, Options{}, Settings{}, targets(1))
	a := p.Upstreams()[0]
	// 100 chunks of 10 kB per second for a minute.
	for at := sec; at < 60*sec; at += sec / 100 {
		a.Moved(at, 10_000)
	}
	expect := func(what string, now int64, want float64) {
		t.Helper()
		if got := a.flow.perSecond(now); math.Abs(got/want-1) > .01 {
			t.Errorf("%s: %.0f bytes/s, want %.0f", what, got, want)
		}
	}
	expect("steady", 60*sec, 1e6)
	expect("half-life after the end", 65*sec, .5e6)
	expect("two", 70*sec, .25e6)
	if got := a.flow.total.Load(); got != 59_000_000 {
		t.Errorf("%d bytes in all, want 59 MB", got)
	}
}
