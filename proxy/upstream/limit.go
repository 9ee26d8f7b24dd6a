package upstream

import "math"

// limitAt is how many requests the upstream may hold at that time, MaxInt64
// without a limit. Slow start is a part of the limit as of the weight
// (HAProxy), and one at least.
func (u *Upstream) limitAt(now int64) int64 {
	if u.limit == 0 {
		return math.MaxInt64
	}
	if u.window == 0 {
		return u.limit
	}
	return max(ramp(u.limit, u.rampFrom.Load(), now, u.window), 1)
}

// beginBelow is Begin where that does not overstep the limit.
func (u *Upstream) beginBelow(now int64) bool {
	if u.limit == 0 {
		u.Begin(now)
		return true
	}
	limit := u.limitAt(now)
	for {
		n := u.active.Load()
		if n >= limit {
			return false
		}
		if u.active.CompareAndSwap(n, n+1) {
			if n == 0 {
				u.latency.moved.Store(now)
			}
			return true
		}
	}
}

// belowLimit leaves those that may begin one more.
func (s *set) belowLimit(usable members, now int64) members {
	return usable.those(func(i int) bool {
		u := s.ups[i]
		return u.active.Load() < u.limitAt(now)
	})
}
