package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// gcPercent is lower than Go's 100: repeated queries allocate nothing, so
// collections are rare, and what is saved is memory of idle clients.
const gcPercent = 40

// What allocates all the time, such as HTTP, would at that percentage be
// collected a hundred times a second while the heap is small: a fifth of its
// CPU, and each time some milliseconds in which requests wait. So garbage may
// take more room as long as collections come quickly, up to a bound.
const (
	tooOften    = time.Second // between two collections: less than 1 % of requests meets one
	seldom      = 10 * time.Second
	mostGarbage = 32 << 20 // bytes that may lie there between two collections
)

// paceCollections sets how much garbage there may be, unless the environment
// does (GOGC, in Go's own words), after each collection anew until stop.
func paceCollections() (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(gcPercent)
	var (
		stopped   atomic.Bool
		p         = pace{percent: gcPercent, at: time.Now()}
		live      = []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		collected func(int)
	)
	collected = func(int) {
		if stopped.Load() {
			return
		}
		metrics.Read(live)
		if before := p.percent; p.next(time.Now(), int64(live[0].Value.Uint64())) != before {
			debug.SetGCPercent(p.percent) // stops the world for a moment: only on a change
		}
		atCollection(collected)
	}
	atCollection(collected)
	return func() { stopped.Store(true) }
}

// atCollection has f called after the next collection, once: what it makes dies
// at once.
func atCollection(f func(int)) { runtime.AddCleanup(new([32]byte), f, 0) }

// pace is how much garbage may be there, in percent of what is alive, and when
// the last collection was.
type pace struct {
	percent int
	at      time.Time
}

// smallHeap is what Go takes a heap for that is smaller, bytes.
const smallHeap = 4 << 20

// next decides after a collection what may lie there until the next: twice as
// much where they come too often, half where they are seldom.
func (p *pace) next(now time.Time, live int64) int {
	since := now.Sub(p.at)
	p.at = now
	most := max(gcPercent, int(100*mostGarbage/max(live, smallHeap)))
	switch {
	case since < tooOften:
		p.percent *= 2
	case since > seldom:
		p.percent = max(p.percent/2, gcPercent)
	}
	p.percent = min(p.percent, most)
	return p.percent
}
