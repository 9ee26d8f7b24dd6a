package leakcheck

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options say what is compared with what, and for how long.
type Options struct {
	Pooled   string // connection string of database leak_a, through the pooler
	Private  string // connection string of database leak_b, straight to PostgreSQL
	Sessions int    // pairs at work at the same time; 24 when 0
	Steps    int    // of all pairs together; 100 000 when 0
	Seed     uint64 // of the choice of steps; session i uses Seed and i

	// sabotage runs on the pooled side alone before a step; tests prove with
	// it that a leak is seen.
	sabotage func(p *pair, step int)
}

// Report is what Run saw.
type Report struct {
	Steps       int            // done
	Differences []string       // at most maxDifferences, each with the steps before it
	Elapsed     time.Duration  // of the steps, without preparation
	Kinds       map[string]int // steps by kind
	Reconnects  int            // of both sides, planned ones
}

// String is one line for a log.
func (r *Report) String() string {
	return fmt.Sprintf("%d steps in %v (%.0f per second), %d reconnects, %d differences", r.Steps,
		r.Elapsed.Round(time.Millisecond), float64(r.Steps)/r.Elapsed.Seconds(), r.Reconnects, len(r.Differences))
}

const (
	maxDifferences = 20
	stepTimeout    = time.Minute // a pooled session may wait for others to free a server conn
	history        = 12          // steps shown before a difference
)

// Run compares until Steps are done, ctx ends or maxDifferences were found.
// An error means that the comparison itself could not go on.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Sessions == 0 {
		o.Sessions = 24
	}
	if o.Steps == 0 {
		o.Steps = 100_000
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t := &tally{report: Report{Kinds: map[string]int{}}, stop: cancel}
	begun := time.Now()
	var wg sync.WaitGroup
	var taken atomic.Int64
	for i := range o.Sessions {
		p := &pair{id: i, options: o, tally: t, rand: rand.New(rand.NewPCG(o.Seed, uint64(i)))}
		wg.Go(func() {
			if err := p.work(ctx, &taken); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("session %d: %w", i, err))
			}
		})
	}
	wg.Wait()
	t.report.Elapsed = time.Since(begun)
	if cause := context.Cause(ctx); cause != nil && cause != errEnough {
		return &t.report, cause
	}
	return &t.report, nil
}

var errEnough = fmt.Errorf("enough differences")

// tally collects for all pairs.
type tally struct {
	mu     sync.Mutex
	report Report
	stop   context.CancelCauseFunc
}

func (t *tally) step(kind string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Steps++
	t.report.Kinds[kind]++
}

func (t *tally) reconnect() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Reconnects++
}

func (t *tally) difference(session int, past []string, pooled, private string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Differences = append(t.report.Differences, fmt.Sprintf("session %d\n  %s\n%s",
		session, strings.Join(past, "\n  "), differing(pooled, private)))
	if len(t.report.Differences) >= maxDifferences {
		t.stop(errEnough)
	}
}

// differing shows the lines that are not the same on both sides.
func differing(pooled, private string) string {
	a, b := strings.Split(pooled, "\n"), strings.Split(private, "\n")
	var out strings.Builder
	for i := range max(len(a), len(b)) {
		x, y := "(nothing)", "(nothing)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			fmt.Fprintf(&out, "  pooled: %-40s private: %s\n", x, y)
		}
	}
	return out.String()
}
