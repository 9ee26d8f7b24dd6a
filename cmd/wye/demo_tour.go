package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// tourStep is one stop of the tour. run measures, and returns an error when
// what it measured is not what wye promises.
type tourStep struct {
	name string // one word
	what string // what is done, for --json
	run  func(context.Context, *rig) (finding, error)
}

// tourSteps is the tour, in order: the first connects the fleet of clients
// that later ones use, too.
var tourSteps = []tourStep{
	{"pooling", "hundreds of clients query at once over a handful of server conns", tourPooling},
	{"prepared", "all of them prepare and run the same statement, in transaction mode", tourPrepared},
	{"state", "each has a session state of its own, all share the server conns", tourState},
	{"pinned", "a temporary table and a LISTEN bind two sessions to their server conns", tourPins},
	{"cancel", "one client's running query is cancelled", tourCancel},
	{"losses", "server processes are terminated, idle and in mid-query", tourLosses},
	{"replica", "a write arrives at the streaming replica", tourReplica},
	{"reads", "clients only read", tourReads},
	{"disguise", "clients write by statements that begin like reads", tourDisguise},
	{"own", "clients read what they have just written, while the replica stands still", tourOwn},
	{"memory", "clients ask for few rows again and again, and one is changed past wye", tourMemory},
	{"metrics", "what an operator sees", tourMetrics},
	{"failover", "the primary is killed under writes and the replica promoted", tourFailover},
	{"direct", "clients of a sharded database ask by key", tourDirect},
	{"scatter", "a GROUP BY over a join is put together of both shards' answers", tourScatter},
	{"merge", "an ORDER BY with LIMIT and OFFSET takes rows from both shards in order", tourMerge},
	{"transfer", "clients move money between shards, atomically", tourTransfer},
	{"refusal", "what cannot be answered is refused with the way out", tourRefusal},
	{"tcp", "one of three servers of a pool that is no database is killed", tourTCP},
	{"http", "one of three servers of an HTTP pool is killed under requests, and a page is kept", tourHTTP},
}

// finding is what a step has measured: a line to read, and the same for
// machines.
type finding struct {
	text    string
	figures map[string]any
}

// stop is a step that was run.
type stop struct {
	tourStep
	finding
	err  error
	took time.Duration
}

// tour is the steps run so far.
type tour struct {
	stops []stop
	first time.Duration // from the start of the demo to the first step's end
	took  time.Duration // from the start of the demo to the last step's end
}

// stepLimit turns a step that hangs into one that fails.
const stepLimit = 30 * time.Second

// takeTour runs the steps one after the other, and goes on after one that
// fails: what the others say may tell why.
func takeTour(ctx context.Context, r *rig, p *demoPrinter, began time.Time) *tour {
	t := &tour{}
	for i, s := range tourSteps {
		at := stop{tourStep: s}
		limited, cancel := context.WithTimeout(ctx, stepLimit)
		start := time.Now()
		at.finding, at.err = s.run(limited, r)
		at.took = time.Since(start)
		cancel()
		if ctx.Err() != nil {
			return t
		}
		t.stops = append(t.stops, at)
		p.stop(i+1, at)
		if i == 0 {
			t.first = time.Since(began)
		}
	}
	t.took = time.Since(began)
	r.fleet.close()
	return t
}

func (t *tour) finished() bool { return len(t.stops) == len(tourSteps) }

// failure names every step that failed, nil when none did.
func (t *tour) failure() error {
	var all []error
	for i, s := range t.stops {
		if s.err != nil {
			all = append(all, fmt.Errorf("step %d (%s) failed: %w", i+1, s.name, s.err))
		}
	}
	return errors.Join(all...)
}

// ms is a duration in milliseconds, as figures state it.
func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// pollUntil asks until the answer is yes, or ctx ends; what says what was
// waited for.
func pollUntil(ctx context.Context, what string, is func() (bool, error)) error {
	for {
		yes, err := is()
		if yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited for %s: %w", what, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}
