package upstream

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestPair: of three with different loads, the idle one is drawn with either
// other, the middle one wins once of three, the fullest never.
func TestPair(t *testing.T) {
	const n = 30_000
	p := newPool(t, Options{Rand: seeded(21)}, Settings{Policy: PowerOfTwo}, targets(1, 1, 2))
	a, c := p.Upstreams()[0], p.Upstreams()[2]
	for range 4 {
		a.Begin(1) // 5/1; b: 1/1; c: 6/2
	}
	for range 5 {
		c.Begin(1)
	}
	count := make([]float64, 3)
	for range n {
		count[p.Pick(Want{}).index]++
	}
	// Five standard deviations are 408.
	if math.Abs(count[1]-20_000) > 408 || math.Abs(count[2]-10_000) > 408 || count[0] != 0 {
		t.Errorf("picks %v, want 0, 20000, 10000", count)
	}
	idle := newPool(t, Options{Rand: seeded(22)}, Settings{Policy: PowerOfTwo}, targets(equal(4)...))
	even := make([]float64, 4)
	chi := 0.0
	for range n {
		even[idle.Pick(Want{}).index]++
	}
	for _, k := range even {
		chi += (k - n/4) * (k - n/4) / (n / 4)
	}
	// Chi-square, three degrees of freedom, alpha 1e-6.
	if chi > 30.7 {
		t.Errorf("equals have %v picks: chi-square %.1f", even, chi)
	}
}

// transfer is the next chunk of a response.
type transfer struct {
	at   int64
	u    *Upstream
	left int
}

type transfers []transfer

func (a transfers) Len() int           { return len(a) }
func (a transfers) Less(i, j int) bool { return a[i].at < a[j].at }
func (a transfers) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *transfers) Push(x any)        { *a = append(*a, x.(transfer)) }
func (a *transfers) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// TestLeastBandwidth: one of four serves bodies ten times as large. What each
// moves per second must be by weight, within 20 %, in any ten seconds.
func TestLeastBandwidth(t *testing.T) {
	for _, weights := range [][]int{{1, 1, 1, 1}, {1, 1, 2, 4}} {
		p := newPool(t, Options{Rand: seeded(23)}, Settings{Policy: LeastBandwidth}, targets(weights...))
		r := rand.New(rand.NewPCG(7, 7))
		open := &transfers{}
		bytes := make([]float64, 4)
		sum := 0
		for _, w := range weights {
			sum += w
		}
		// Chunks of 64 kB every 50 ms; bodies of 256 kB, or 2.5 MB from d.
		const chunk = 64 << 10
		next := 20 * sec
		for now := int64(1); now < 60*sec; now += int64(r.ExpFloat64() * float64(5*time.Millisecond)) {
			for len(*open) > 0 && (*open)[0].at <= now {
				x := heap.Pop(open).(transfer)
				x.u.Moved(x.at, chunk)
				bytes[x.u.index] += chunk
				if x.left--; x.left == 0 {
					x.u.End(x.at, time.Second, true)
					continue
				}
				x.at += 50 * int64(ms)
				heap.Push(open, x)
			}
			if now >= next {
				total := bytes[0] + bytes[1] + bytes[2] + bytes[3]
				for i, b := range bytes {
					want := total * float64(weights[i]) / float64(sum)
					if next > 20*sec && math.Abs(b/want-1) > .2 {
						t.Errorf("%v, until %d s: %.0f bytes of upstream %d, want %.0f", weights, next/sec, b, i, want)
					}
				}
				bytes, next = make([]float64, 4), next+10*sec
			}
			u := p.Pick(Want{Now: now})
			u.Begin(now)
			left := 4
			if u.index == 3 {
				left = 40
			}
			heap.Push(open, transfer{now, u, left})
		}
	}
}

// TestLeastBandwidthWithoutBytes goes round.
func TestLeastBandwidthWithoutBytes(t *testing.T) {
	p := newPool(t, Options{Rand: zero}, Settings{Policy: LeastBandwidth}, targets(1, 1, 1))
	if got := picks(p, 6, Want{}); got != "abcabc" {
		t.Errorf("picks %s", got)
	}
}
