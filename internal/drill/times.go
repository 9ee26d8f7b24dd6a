package drill

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Times are the durations of several runs.
type Times []time.Duration

// At is the smallest time that the share q (0 to 1) of all does not exceed: the
// nearest-rank percentile. 0 when there are none.
func (t Times) At(q float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// String is "p50 0.213s p99 0.400s max 0.412s".
func (t Times) String() string {
	return fmt.Sprintf("p50 %.3fs p99 %.3fs max %.3fs", t.At(0.5).Seconds(), t.At(0.99).Seconds(), t.At(1).Seconds())
}

// longestGap is the longest stretch of [from, to] without any of the moments,
// which need no order. Those before from count as none.
func longestGap(moments []time.Time, from, to time.Time) time.Duration {
	all := slices.SortedFunc(slices.Values(append([]time.Time{from, to}, moments...)), time.Time.Compare)
	var longest time.Duration
	for i, m := range all[1:] {
		if !m.After(to) && !all[i].Before(from) {
			longest = max(longest, m.Sub(all[i]))
		}
	}
	return longest
}
