package canceltest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Options say how many cancels are fired, at whom, and how.
type Options struct {
	URL        string // connection string, through the pooler
	Clients    int    // half of them targets; 40 when 0
	Cancels    int    // 10 000 when 0
	Cancellers int    // firing at the same time; 8 when 0
	Seed       uint64

	sabotage bool // aim at bystanders with their right key: a test sees that it shows
}

// Report is what Run saw. Wrong, Late and Crossed must be 0.
type Report struct {
	Cancels    int // sent with the right key
	WrongKeys  int // sent with a wrong key, at bystanders
	Statements int
	Hits       int // statements of targets that ended with 57014, as they should
	Wrong      int // statements of bystanders that did
	Late       int // statements of targets that began after every cancel aimed at them had been answered
	Crossed    int // answers with a tag that was not asked for
	Elapsed    time.Duration
	Examples   []string // of what was wrong, at most ten
}

// String is one line for a log.
func (r *Report) String() string {
	return fmt.Sprintf("%d cancels, %d with a wrong key, %d statements in %v: %d hits, %d wrong, %d late, %d crossed",
		r.Cancels, r.WrongKeys, r.Statements, r.Elapsed.Round(time.Millisecond), r.Hits, r.Wrong, r.Late, r.Crossed)
}

// Bad is the number of statements that were done wrong.
func (r *Report) Bad() int { return r.Wrong + r.Late + r.Crossed }

// Run fires until Options.Cancels were sent or ctx ends. An error means that
// it could not go on, not that something was hit.
func Run(ctx context.Context, o Options) (*Report, error) {
	o = o.withDefaults()
	cfg, err := pgconn.ParseConfig(o.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &run{options: o, config: cfg, stop: cancel}
	for i := range o.Clients {
		r.clients = append(r.clients, &client{id: i, target: i%2 == 0, run: r, rand: rand.New(rand.NewPCG(o.Seed, uint64(i)))})
	}
	begun := time.Now()
	working, fire := context.WithCancel(ctx)
	var shots, workers sync.WaitGroup
	for _, c := range r.clients {
		workers.Go(func() { r.failed(ctx, c.work(working)) })
	}
	for i := range o.Cancellers {
		shots.Go(func() { r.failed(ctx, r.shoot(ctx, rand.New(rand.NewPCG(o.Seed+1, uint64(i))))) })
	}
	shots.Wait()
	fire() // no more cancels: the clients finish what they do
	workers.Wait()
	r.report.Elapsed = time.Since(begun)
	return &r.report, context.Cause(ctx)
}

func (o Options) withDefaults() Options {
	if o.Clients == 0 {
		o.Clients = 40
	}
	if o.Cancels == 0 {
		o.Cancels = 10_000
	}
	if o.Cancellers == 0 {
		o.Cancellers = 8
	}
	return o
}

// run is what clients and cancellers share.
type run struct {
	options Options
	config  *pgconn.Config
	stop    context.CancelCauseFunc
	clients []*client
	fired   atomic.Int64

	mu     sync.Mutex
	report Report
}

func (r *run) failed(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		r.stop(err)
	}
}

func (r *run) count(n *int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
}

func (r *run) bad(n *int, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*n++
	if len(r.report.Examples) < 10 {
		r.report.Examples = append(r.report.Examples, fmt.Sprintf(format, args...))
	}
}
