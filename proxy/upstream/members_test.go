package upstream

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestMembers does at random to a set what it does to a list, in pools of one
// word and of more.
func TestMembers(t *testing.T) {
	for _, n := range []int{1, 3, 63, 64, 65, 200, MaxUpstreams} {
		r := rand.New(rand.NewPCG(uint64(n), 4))
		m, list := newMembers(n), []int{}
		check := func(op string) {
			t.Helper()
			var got []int
			for l := m; !l.empty(); l = l.next() {
				got = append(got, l.first())
			}
			if !slices.Equal(got, list) || m.count() != len(list) {
				t.Fatalf("n=%d, after %s: %v, want %v", n, op, got, list)
			}
			for range 3 {
				i := r.IntN(n)
				if _, in := slices.BinarySearch(list, i); m.has(i) != in {
					t.Fatalf("n=%d, after %s: has(%d) is %v", n, op, i, !in)
				}
				if len(list) > 0 {
					if k := r.IntN(len(list)); m.nth(k) != list[k] {
						t.Fatalf("n=%d, after %s: nth(%d) is %d of %v", n, op, k, m.nth(k), list)
					}
				}
			}
		}
		keep := func(list []int, keep func(int) bool) []int {
			return slices.DeleteFunc(slices.Clone(list), func(i int) bool { return !keep(i) })
		}
		all := newMembers(n)
		for i := range n {
			all = all.with(i)
		}
		for range 300 {
			set := r.Uint64() | r.Uint64()
			odd := func(i int) bool { return mix(uint64(i)^set)&1 != 0 }
			switch op := r.IntN(9); op {
			case 0, 1, 2:
				i := r.IntN(n)
				m = m.with(i)
				if at, in := slices.BinarySearch(list, i); !in {
					list = slices.Insert(list, at, i)
				}
				check("with")
			case 3:
				m = m.among(set)
				list = keep(list, func(i int) bool { return i < 64 && set>>i&1 != 0 })
				check("among")
			case 4:
				m = m.avoiding(set)
				if k := keep(list, func(i int) bool { return set>>(i%64)&1 == 0 }); len(k) > 0 {
					list = k
				}
				check("avoiding")
			case 5:
				m, list = m.those(odd), keep(list, odd)
				check("those")
			case 6:
				m = m.thoseOrAll(odd)
				if k := keep(list, odd); len(k) > 0 {
					list = k
				}
				check("thoseOrAll")
			case 7:
				o := newMembers(n)
				for i := range n {
					if odd(i) {
						o = o.with(i)
					}
				}
				if m.meets(o) != (len(keep(list, odd)) > 0) {
					t.Fatalf("n=%d: meets is wrong", n)
				}
				m, list = m.within(o), keep(list, odd)
				check("within")
			case 8:
				if r.IntN(3) > 0 {
					break
				}
				i := r.IntN(n)
				m, list = m.only(i), []int{i}
				check("only")
				fill := fmt.Sprint("all of ", n)
				for i := range n {
					m = m.with(i)
				}
				list = make([]int, n)
				for i := range list {
					list[i] = i
				}
				check(fill)
				if m.meets(all) != (n > 0) {
					t.Fatal("all do not meet all")
				}
			}
		}
	}
}

// TestLargePools: what holds for three holds for hundreds.
func TestLargePools(t *testing.T) {
	const n, rounds = 200, 20
	for _, policy := range Policies() {
		s := Settings{Policy: policy, HashBound: 150, MaxConns: 2 * rounds}
		p := newPool(t, Options{Rand: seeded(12)}, s, targets(equal(n)...))
		down, tried := p.Upstreams()[70], p.Upstreams()[150]
		down.SetDown(1, "test")
		for k := range uint64(n * rounds) {
			w := Want{Now: int64(k + 1), Key: k, Avoid: tried.Bit()}
			u := take(t, p, w)
			if u == down || u.index%64 == tried.index%64 {
				t.Fatalf("%s: picked %s", policy, u.Name)
			}
			if policy != First { // it waits for nobody to end
				u.End(w.Now, ms, true)
			}
		}
		if u := p.Pick(Want{Prefer: tried}); u != tried {
			t.Errorf("%s: prefers %s", policy, u.Name)
		}
		if u := p.Pick(Want{Among: 1 << 63}); u.index != 63 {
			t.Errorf("%s: picked %s, which is not among", policy, u.Name)
		}
		if u := p.Pick(Want{Avoid: ^uint64(0)}); u == nil {
			t.Errorf("%s: nobody where all are to be avoided", policy)
		}
		least, most := int64(n*rounds), int64(0)
		for i, v := range p.View(1) {
			if i != 70 && i%64 != 150%64 && policy != First {
				least, most = min(least, v.Picks), max(most, v.Picks)
			}
		}
		if least < rounds/4 || most > rounds*5/2 {
			t.Errorf("%s: from %d to %d picks each, want about %d", policy, least, most, rounds)
		}
	}
}
