package stats

import (
	"math/bits"
	"time"
)

// Buckets are the upper bounds of the histograms, 0.25 ms to 10 s in steps of
// 2 to 2.5: databases answer in fractions of a millisecond, and nobody waits
// longer than the last one without noticing. One more bucket holds the rest.
var Buckets = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

const bucketCount = len(Buckets) + 1

// Histogram counts durations per bucket, not cumulated; the last entry counts
// those above the last bound. The sum of the durations is in Counters.
type Histogram [bucketCount]int64

// Count is the number of durations seen.
func (h *Histogram) Count() int64 {
	var n int64
	for _, b := range h {
		n += b
	}
	return n
}

// Add adds o to h.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o {
		h[i] += n
	}
}

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(Buckets) && d > Buckets[i] {
		i++
	}
	h[i]++
}

// Quantile is about the duration that the share q of all are not above, between
// the bounds of its bucket as Prometheus' histogram_quantile has it. Of those
// above the last bound it is that bound; 0 of none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := q * float64(h.Count())
	if rank == 0 {
		return 0
	}
	var below float64
	low := time.Duration(0)
	for i, high := range Buckets {
		if in := float64(h[i]); in > 0 && below+in >= rank {
			return low + time.Duration(float64(high-low)*(rank-below)/in)
		}
		below, low = below+float64(h[i]), high
	}
	return low
}

// spread is a session's own part of a histogram. The mask names the buckets
// in use, so that a flush after one query touches one of them.
type spread struct {
	mask uint16
	n    [bucketCount]uint32
}

func (s *spread) observe(d time.Duration) {
	i := 0
	for i < len(Buckets) && d > Buckets[i] {
		i++
	}
	s.n[i]++
	s.mask |= 1 << i
}

// drain moves the counts into h and leaves s empty.
func (s *spread) drain(h *Histogram) {
	for m := s.mask; m != 0; m &= m - 1 {
		i := bits.TrailingZeros16(m) & (bucketCount - 1)
		h[i] += int64(s.n[i])
		s.n[i] = 0
	}
	s.mask = 0
}
