package stats

import "time"

// Tally is what one session has done since its last flush: plain fields with
// one writer, no atomics. The zero value is ready. A session adds to it as it
// goes and hands it to Pool.Add when a request has ended, before it blocks for
// the next one.
type Tally struct {
	Counters
	query, wait spread
	cell        uint32 // the cell of the pool that this session adds to, +1; 0 = not chosen yet
}

// Query counts one query that took d, as the client would measure it at the
// proxy: from the request being complete to the last byte of its answer.
func (t *Tally) Query(d time.Duration) {
	t.Queries++
	t.QueryTime += d
	t.query.observe(d)
}

// Xact counts one finished transaction that held its server conn for d.
func (t *Tally) Xact(d time.Duration) {
	t.Xacts++
	t.XactTime += d
}

// Assigned counts one server conn lent to this session after it waited for d.
func (t *Tally) Assigned(d time.Duration) {
	t.Assignments++
	t.WaitTime += d
	t.wait.observe(d)
}
