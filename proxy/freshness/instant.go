package freshness

import "time"

// Instant is a moment on this process's monotonic clock, in nanoseconds; 0 is
// never. Its origin lies before the process began, in 1999. Instants of two
// processes do not compare.
type Instant int64

// origin has both a wall and a monotonic reading. It lies before 2000 because
// there the clock of testing/synctest begins, which has no monotonic one.
var origin = beforeSynctest(time.Now())

func beforeSynctest(now time.Time) time.Time {
	return now.Add(-now.Sub(time.Date(1999, time.December, 31, 0, 0, 0, 0, time.UTC)))
}

// Now is the present moment.
func Now() Instant { return Instant(time.Since(origin)) }

// Age is the time from i to now. Never is older than everything.
func (i Instant) Age(now Instant) time.Duration { return time.Duration(now - i) }

// Add is the moment d after i.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }
