package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Kills kills the primary with SIGKILL under writes, promotes its replica at
// once, and lets the killed one rejoin as replica for the next run, in which
// the roles are the other way round.
type Kills struct {
	URL           string
	Primary, Heir *testpg.Node
	Runs          int
	Writers       Writers // but for its URL
	Synchronous   bool    // the heir confirms each commit, so that no acknowledged one is lost
	Seed          uint64  // of the moment at which the primary is killed

	// Ready, if set, returns when what stands between has taken notice of the
	// present roles; it is called before each run.
	Ready func(ctx context.Context, primary, heir *testpg.Node) error
	// Promoted, if set, is called as soon as the heir is asked to take over.
	Promoted func(heir *testpg.Node)
}

// KillReport is what Kills saw. Gaps and ClientGaps have one entry per run.
type KillReport struct {
	Writes           Writes // of all runs
	Gaps, ClientGaps Times
	Late             int // failed statements that began after the primary was dead
	MostFailed       int // failed statements of one run
	Elapsed          time.Duration
}

// String is one line for a log.
func (r *KillReport) String() string {
	return fmt.Sprintf("%d kills in %.1fs: gap %v; of one client %v; %v; at most %d failed in a run, %d begun after the kill",
		len(r.Gaps), r.Elapsed.Seconds(), r.Gaps, r.ClientGaps, &r.Writes, r.MostFailed, r.Late)
}

// Run does all runs. An error means that the drill could not go on, not that a
// client noticed something.
func (k Kills) Run(ctx context.Context) (*KillReport, error) {
	k.Writers.URL = k.URL
	r := &KillReport{Writes: Writes{Failed: Codes{}}}
	chance, begun := rand.New(rand.NewPCG(k.Seed, 0)), time.Now()
	if err := PrepareWrites(ctx, k.Primary); err != nil {
		return r, err
	}
	for i := range k.Runs {
		if err := k.run(ctx, r, chance); err != nil {
			return r, fmt.Errorf("kill %d: %w", i+1, err)
		}
		k.Primary, k.Heir = k.Heir, k.Primary
	}
	r.Elapsed = time.Since(begun)
	return r, nil
}

func (k Kills) run(ctx context.Context, r *KillReport, chance *rand.Rand) error {
	if err := k.prepare(ctx); err != nil {
		return err
	}
	load, err := k.Writers.Start(ctx)
	if err != nil {
		return err
	}
	pause(ctx, 100*time.Millisecond+time.Duration(chance.IntN(100))*time.Millisecond)
	dead, err := k.failOver(ctx, load)
	w := load.Stop()
	if err != nil {
		return fmt.Errorf("%w; %v", err, w)
	}
	if err := w.Compare(ctx, k.Heir); err != nil {
		return err
	}
	r.take(w, dead)
	return k.Primary.Rejoin(ctx, k.Heir)
}

// prepare empties the table and makes the heir confirm commits, or not.
func (k Kills) prepare(ctx context.Context) error {
	if err := k.Primary.Exec(ctx, "TRUNCATE "+WritesTable); err != nil {
		return err
	}
	if err := k.Heir.WaitCaughtUp(ctx, k.Primary); err != nil {
		return err
	}
	if k.Synchronous {
		if err := confirmedBy(ctx, k.Primary, k.Heir); err != nil {
			return err
		}
	}
	if k.Ready != nil {
		return k.Ready(ctx, k.Primary, k.Heir)
	}
	return nil
}

// confirmedBy makes commits on the primary wait for the replica, and returns
// when they do. The setting is the primary's own: once promoted, the replica
// commits alone.
func confirmedBy(ctx context.Context, primary, replica *testpg.Node) error {
	// ALTER SYSTEM itself commits nothing that would wait.
	for _, sql := range []string{`ALTER SYSTEM SET synchronous_standby_names = '"` + replica.Name + `"'`, "SELECT pg_reload_conf()"} {
		if err := primary.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return waitValue(ctx, primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1")
}

// failOver returns when every client writes again, and says when the primary
// was dead.
func (k Kills) failOver(ctx context.Context, load *Load) (dead time.Time, err error) {
	k.Primary.Kill()
	dead = time.Now()
	if k.Promoted != nil {
		k.Promoted(k.Heir)
	}
	if err := k.Heir.Promote(ctx); err != nil {
		return dead, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	return dead, load.WaitAll(ctx, dead)
}

func (r *KillReport) take(w *Writes, dead time.Time) {
	r.Writes.add(w)
	r.Gaps = append(r.Gaps, w.Gap)
	r.ClientGaps = append(r.ClientGaps, w.ClientGap)
	r.Late += w.FailedBegunAfter(dead)
	r.MostFailed = max(r.MostFailed, w.Failed.Total())
}
