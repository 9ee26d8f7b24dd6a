package upstream

import (
	"fmt"
	"testing"
	"time"
)

var policies = Policies()

// BenchmarkPick is to stay below 100 ns for 3 upstreams, and at 0 allocations.
func BenchmarkPick(b *testing.B) {
	for _, policy := range policies {
		for _, n := range []int{3, 64, 1000} {
			b.Run(fmt.Sprintf("%s/%d", policy, n), func(b *testing.B) {
				weights := equal(n)
				weights[0] = 2
				p := newPool(b, Options{}, Settings{Policy: policy}, targets(weights...))
				for _, u := range p.Upstreams() {
					succeed(u, 1)
					u.Begin(1)
				}
				b.ReportAllocs()
				var now int64
				for b.Loop() {
					now++
					p.Pick(Want{Now: now, Key: uint64(now)})
				}
			})
		}
	}
}

// BenchmarkRequest is a whole request's worth of this package: pick, begin,
// end, from several goroutines at once.
func BenchmarkRequest(b *testing.B) {
	for _, policy := range policies {
		b.Run(policy, func(b *testing.B) {
			p := newPool(b, Options{}, Settings{Policy: policy, SlowStart: time.Second}, targets(1, 1, 1))
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for now := int64(1); pb.Next(); now++ {
					u := p.Pick(Want{Now: now, Key: uint64(now), Zone: "x", Avoid: 1})
					u.Begin(now)
					u.End(now, time.Millisecond, true)
				}
			})
		})
	}
}

// BenchmarkTake is what limits, a breaker and byte counts add to a request.
func BenchmarkTake(b *testing.B) {
	for _, c := range []struct {
		name string
		s    Settings
	}{
		{"plain", Settings{}},
		{"limits", Settings{MaxConns: 100}},
		{"limits and breaker", Settings{MaxConns: 100, Breaker: Breaker{On: true}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newPool(b, Options{}, c.s, targets(1, 1, 1))
			b.ReportAllocs()
			ctx, now := b.Context(), int64(0)
			for b.Loop() {
				now++
				u, err := p.Take(ctx, Want{Now: now})
				if err != nil {
					b.Fatal(err)
				}
				u.Moved(now, 1000)
				u.End(now, time.Millisecond, true)
			}
		})
	}
}

func TestPickAllocatesNothing(t *testing.T) {
	for _, policy := range policies {
		ts := targets(1, 2, 3)
		ts[0].Zone = "x"
		p := newPool(t, Options{}, Settings{Policy: policy, SlowStart: time.Second, HashBound: 150}, ts)
		got := testing.AllocsPerRun(100, func() {
			u := p.Pick(Want{Key: 7, Zone: "x", Avoid: 1})
			u.Begin(1)
			u.End(2, time.Millisecond, true)
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", policy, got)
		}
		s := Settings{Policy: policy, MaxConns: 10, HashBound: 150, Breaker: Breaker{On: true}}
		for _, n := range []int{3, 200} {
			p := newPool(t, Options{}, s, targets(equal(n)...))
			got := testing.AllocsPerRun(100, func() {
				u, err := p.Take(t.Context(), Want{Key: 7, Avoid: 1})
				if err != nil {
					t.Fatal(err)
				}
				u.Moved(1, 1000)
				u.End(2, time.Millisecond, true)
			})
			// A larger pool borrows its words, which the collector may take back.
			if got != 0 && (n == 3 || got > 1) {
				t.Errorf("%s, take of %d: %v allocations", policy, n, got)
			}
		}
	}
}
