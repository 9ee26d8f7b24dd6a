package upstream

import (
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// latelyTime is how long one of lately's two halves counts, ns.
const latelyTime = int64(30 * time.Second)

// lately is how long requests took of late: those of the present half minute,
// and of the one before. To be guarded by its owner.
type lately struct {
	half      int64 // the present one, counted from the clock's beginning
	this, was stats.Histogram
}

func (s *lately) add(now int64, took time.Duration) {
	s.turn(now)
	s.this.Observe(took)
}

// recent are the durations of the last 30 to 60 seconds.
func (s *lately) recent(now int64) stats.Histogram {
	s.turn(now)
	h := s.this
	h.Add(&s.was)
	return h
}

func (s *lately) turn(now int64) {
	switch half := now / latelyTime; {
	case half <= s.half: // clocks of callers differ by a little
		return
	case half == s.half+1:
		s.half, s.was, s.this = half, s.this, stats.Histogram{}
	default:
		*s = lately{half: half}
	}
}
