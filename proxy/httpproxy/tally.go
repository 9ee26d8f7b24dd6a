package httpproxy

import (
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// Tally counts requests of a listener or pool. Safe for concurrent use.
type Tally struct {
	active  atomic.Int64
	classes [6]atomic.Int64 // by the hundreds of the status; 0 is none: broken off
	retries atomic.Int64
	time    atomic.Int64 // ns, of all
	spread  [len(stats.Buckets) + 1]atomic.Int64
}

func (t *Tally) begin() { t.active.Add(1) }

func (t *Tally) retried() { t.retries.Add(1) }

func (t *Tally) end(status int, took time.Duration) {
	t.active.Add(-1)
	class := status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	t.classes[class].Add(1)
	t.time.Add(int64(took))
	i := 0
	for i < len(stats.Buckets) && took > stats.Buckets[i] {
		i++
	}
	t.spread[i].Add(1)
}

// Counts is a Tally at one moment.
type Counts struct {
	Active  int64    // requests under way
	Classes [6]int64 // requests ended, by the hundreds of the status; 0 is broken off
	Retries int64    // tries beyond a request's first
	Time    time.Duration
	Spread  stats.Histogram
}

// Read copies the counts.
func (t *Tally) Read() Counts {
	c := Counts{Active: t.active.Load(), Retries: t.retries.Load(), Time: time.Duration(t.time.Load())}
	for i := range t.classes {
		c.Classes[i] = t.classes[i].Load()
	}
	for i := range t.spread {
		c.Spread[i] = t.spread[i].Load()
	}
	return c
}
