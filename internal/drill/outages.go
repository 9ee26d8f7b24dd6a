package drill

import (
	"context"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Outages takes the servers away one after the other under reads, by SIGKILL
// or by SIGSTOP, and gives them back.
type Outages struct {
	URL     string
	Servers []*testpg.Node // one per run, in turns
	Primary *testpg.Node   // whom those that are killed catch up with
	Runs    int
	Readers Readers // but for its URL
	Freeze  bool    // SIGSTOP instead of SIGKILL
	Away    time.Duration
	Settle  time.Duration // how long a server may take to have readers before it goes; 10 s when 0
}

// OutageReport is what Outages saw. Stalls has one entry per run.
type OutageReport struct {
	Reads   ReadReport // of all runs
	Stalls  Times      // per run: the longest that any one reader went without a right answer
	Idle    int        // runs in which the server had no clients when it went: they prove little
	Elapsed time.Duration
}

// String is one line for a log.
func (r *OutageReport) String() string {
	return fmt.Sprintf("%d outages in %.1fs, %d of idle servers: stalls %v; %v",
		len(r.Stalls), r.Elapsed.Seconds(), r.Idle, r.Stalls, &r.Reads)
}

// Run does all runs. An error means that the drill could not go on.
func (o Outages) Run(ctx context.Context) (*OutageReport, error) {
	o.Readers.URL = o.URL
	if o.Settle == 0 {
		o.Settle = 10 * time.Second
	}
	r := &OutageReport{Reads: ReadReport{Failed: Codes{}}}
	begun := time.Now()
	if err := PrepareReads(ctx, o.Primary); err != nil {
		return r, err
	}
	for i := range o.Runs {
		if err := o.run(ctx, r, o.Servers[i%len(o.Servers)]); err != nil {
			return r, fmt.Errorf("outage %d: %w", i+1, err)
		}
	}
	r.Elapsed = time.Since(begun)
	return r, nil
}

func (o Outages) run(ctx context.Context, r *OutageReport, victim *testpg.Node) error {
	if err := o.prepare(ctx); err != nil {
		return err
	}
	load, err := o.Readers.Start(ctx)
	if err != nil {
		return err
	}
	err = o.takeAway(ctx, r, victim, load)
	seen := load.Stop()
	r.Stalls = append(r.Stalls, seen.Stall)
	r.Reads.add(seen)
	return err
}

func (o Outages) prepare(ctx context.Context) error {
	for _, s := range o.Servers {
		if s == o.Primary {
			continue
		}
		if err := s.WaitCaughtUp(ctx, o.Primary); err != nil {
			return err
		}
	}
	return nil
}

func (o Outages) takeAway(ctx context.Context, r *OutageReport, victim *testpg.Node, load *Reading) error {
	idle, err := o.isIdle(ctx, victim)
	if err != nil {
		return err
	}
	if idle {
		r.Idle++
	}
	if err := o.hurt(ctx, victim); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	return load.WaitAll(ctx, time.Now())
}

// isIdle waits for the server to have readers, which it may have to earn after
// the outage before; true when it has none in the end.
func (o Outages) isIdle(ctx context.Context, victim *testpg.Node) (bool, error) {
	settling, cancel := context.WithTimeout(ctx, o.Settle)
	defer cancel()
	var err error
	waited := waitFor(settling, "readers", func() bool {
		var n int
		n, err = usersOf(ctx, RowsTable, victim)
		return err != nil || n > 0
	})
	return waited != nil, err
}

// hurt returns when the server was away for that long and is back. The time
// counts from when all of it is gone: on a busy machine that itself takes time.
func (o Outages) hurt(ctx context.Context, victim *testpg.Node) error {
	if o.Freeze {
		victim.Stop()
		defer victim.Cont()
		pause(ctx, o.Away)
		return nil
	}
	victim.Kill()
	pause(ctx, o.Away)
	return victim.Restart(ctx)
}
