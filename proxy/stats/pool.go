package stats

import (
	"sync"
	"sync/atomic"
)

// cells is how many ways a pool's counters are split. Sessions spread over
// the cells, so that two cores rarely meet on one lock or one cache line.
const cells = 8

// cell is one part of a pool's counters. A mutex around plain adds costs two
// atomic operations per flush, where a dozen atomic counters would cost a
// dozen; the critical section is some ten nanoseconds and never blocks.
type cell struct {
	mu sync.Mutex
	Counters
	query, wait Histogram
	_           [56]byte // to a multiple of the cache line; TestCellFillsLines checks it
}

// Pool counts for one (database, user). All methods are safe for concurrent
// use. It lives until Registry.Retire.
type Pool struct {
	cells [cells]cell
	next  atomic.Uint32
	rare  rare
}

// Add moves the tally into the pool and leaves it zero, ready for the next
// request. It does not allocate.
func (p *Pool) Add(t *Tally) {
	if t.cell == 0 {
		t.cell = p.next.Add(1)%cells + 1
	}
	c := &p.cells[(t.cell-1)%cells]
	c.mu.Lock()
	c.Counters.Add(&t.Counters)
	t.query.drain(&c.query)
	t.wait.drain(&c.wait)
	c.mu.Unlock()
	t.Counters = Counters{}
}

// Failed counts one ErrorResponse with this SQLSTATE that reached a client, by
// the SQLSTATE's class.
func (p *Pool) Failed(sqlstate string) { p.rare.failed(sqlstate) }

// Pinned counts one session being bound to its server conn for this reason; a
// session with two reasons counts under both. Unpinned ends it.
func (p *Pool) Pinned(reason string) { p.rare.pinned(reason) }

// Unpinned ends what Pinned began.
func (p *Pool) Unpinned(reason string) { p.rare.unpinned(reason) }

// Reading is a pool's counters at one moment, a copy.
type Reading struct {
	Counters
	QueryHist Histogram           // of the durations summed in QueryTime
	WaitHist  Histogram           // of the durations summed in WaitTime
	Errors    map[string]int64    // by SQLSTATE class, two characters, or "other"
	Pins      map[string]PinCount // by reason
}

// PinCount says how often a reason pinned a session.
type PinCount struct {
	Now   int64 // sessions pinned at this moment
	Total int64 // since the process started
}

// Read copies the counters out. Figures of one flush are never split, figures
// of two sessions may be a few nanoseconds apart.
func (p *Pool) Read() Reading {
	var r Reading
	for i := range p.cells {
		c := &p.cells[i]
		c.mu.Lock()
		r.Counters.Add(&c.Counters)
		r.QueryHist.Add(&c.query)
		r.WaitHist.Add(&c.wait)
		c.mu.Unlock()
	}
	r.Errors, r.Pins = p.rare.read()
	return r
}

// Add adds o to r, for a sum over pools.
func (r *Reading) Add(o *Reading) {
	r.Counters.Add(&o.Counters)
	r.QueryHist.Add(&o.QueryHist)
	r.WaitHist.Add(&o.WaitHist)
	r.Errors = sumErrors(r.Errors, o.Errors)
	r.Pins = sumPins(r.Pins, o.Pins)
}
