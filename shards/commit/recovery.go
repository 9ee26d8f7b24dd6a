package commit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// DefaultAge is how long a transaction of another proxy, or of one that was
// here before a restart, stays prepared before it is taken for abandoned. A
// wrong guess costs that transaction, which then rolls back, and nothing else.
const DefaultAge = 2 * time.Second

// RecoveryOptions say how often and when Recovery acts.
type RecoveryOptions struct {
	Shards int           // how many the cluster has
	Every  time.Duration // between rounds; 1 s when 0
	Age    time.Duration // DefaultAge when 0
	Keep   time.Duration // of a decision that was carried out; DefaultKeep when 0
	Log    *slog.Logger  // nil: none
	// Finished, nil for none, is told of each shard where a transaction has
	// just been committed that its own coordinator had left prepared, or may have
	// been: what it wrote can be seen from now on.
	Finished func(shard int)
}

// Recovery finishes what coordinators left prepared: those of this proxy, of
// others, and of those that are gone. Any number of proxies may run one for
// the same cluster.
type Recovery struct {
	c      *Coordinator
	o      RecoveryOptions
	kept   []kept  // by shard
	failed []error // by shard, in this round
	swept  time.Time
	hung   time.Duration // a phase of a coordinator that lives is shorter

	lock   sync.Mutex
	doubts []Doubt
	errs   []error // by shard: why the last round could not work on it
}

// NewRecovery returns the recovery of c's cluster; Run or Round make it work.
func NewRecovery(c *Coordinator, o RecoveryOptions) *Recovery {
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Age == 0 {
		o.Age = DefaultAge
	}
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Recovery{c: c, o: o, hung: c.o.Limit + 5*time.Second, kept: make([]kept, o.Shards), failed: make([]error, o.Shards), errs: make([]error, o.Shards)}
}

// Run does a round now, and again and again until ctx ends. It has its
// connections to itself, and closes them.
func (r *Recovery) Run(ctx context.Context) {
	defer r.close()
	for ctx.Err() == nil {
		r.Round(ctx)
		if r.c.o.Now().Sub(r.swept) >= sweepEvery {
			r.swept = r.c.o.Now()
			r.Sweep(ctx)
		}
		if wait(ctx, r.o.Every, r.c.open.wake) {
			wait(ctx, wakeRest, nil)
		}
	}
}

// wakeRest is between rounds that commits ask for by leaving something: while
// a shard is down, each does.
const wakeRest = 50 * time.Millisecond

// wait returns when d is over, or ctx, or early, when it is woken.
func wait(ctx context.Context, d time.Duration, wake <-chan struct{}) (woken bool) {
	rest := time.NewTimer(d)
	defer rest.Stop()
	select {
	case <-ctx.Done():
	case <-rest.C:
	case <-wake:
		return true
	}
	return false
}

// roundLimit bounds each part of a round, so that a shard that hangs holds up
// the others for no longer.
const roundLimit = 5 * time.Second

// Round looks once at all shards and finishes what can be finished. It
// returns how many prepared transactions it has ended. Rounds and sweeps must
// not run at once.
func (r *Recovery) Round(ctx context.Context) (finished int) {
	doubts := r.look(ctx)
	r.publish(doubts)
	r.decide(ctx, doubts)
	finished = r.finish(ctx, doubts)
	r.settleErrors()
	r.publish(doubts)
	return finished
}

// look scans all shards at once, and says of each transaction whether it is
// time to act.
func (r *Recovery) look(ctx context.Context) []*doubt {
	found := make([][]*doubt, r.o.Shards)
	r.each(ctx, func(ctx context.Context, shard int) error {
		before := r.c.open.leftOn(shard)
		conn, err := r.conn(ctx, shard)
		if err != nil {
			return err
		}
		list, _, err := r.scan(ctx, conn, shard)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, d := range list {
			seen[d.GID] = true
			d.State = r.judge(d)
		}
		for _, gid := range before {
			if !seen[gid] {
				r.settle(gid)
			}
		}
		found[shard] = list
		return nil
	})
	var all []*doubt
	for _, list := range found {
		all = append(all, list...)
	}
	return all
}

func (r *Recovery) judge(d *doubt) DoubtState {
	switch {
	case r.c.open.isLive(d.name.String()):
		return DoubtLive
	case d.name.decider >= r.o.Shards:
		return DoubtStranger
	case r.c.open.isLeft(d.GID), d.Age >= r.o.Age:
		return DoubtUndecided
	}
	return DoubtYoung
}

// decide has the deciders asked, each by one goroutine.
func (r *Recovery) decide(ctx context.Context, doubts []*doubt) {
	byName := make([]map[name][]*doubt, r.o.Shards)
	for _, d := range doubts {
		if d.State == DoubtUndecided {
			at := &byName[d.name.decider]
			if *at == nil {
				*at = map[name][]*doubt{}
			}
			(*at)[d.name] = append((*at)[d.name], d)
		}
	}
	r.each(ctx, func(ctx context.Context, shard int) error {
		for n, of := range byName[shard] {
			if err := r.decideOne(ctx, shard, n, of); err != nil {
				return err
			}
		}
		return nil
	})
}

// decideOne asks for one transaction, of which of is all that was found. A
// decision row that is being written is waited for in the next round.
func (r *Recovery) decideOne(ctx context.Context, shard int, n name, of []*doubt) error {
	conn, err := r.conn(ctx, shard)
	if err != nil {
		return err
	}
	committed, err := ask(ctx, conn, n)
	switch {
	case saidCode(err, pgerror.LockNotAvailable):
		return r.endHung(ctx, conn, n)
	case err != nil:
		return err
	}
	for _, d := range of {
		d.State = DoubtAborted
		if committed {
			d.State = DoubtCommitted
		}
	}
	return nil
}

// endHung ends the session of a coordinator that has written a decision row,
// and has then not been heard of for so long that it cannot be at work: its
// machine is gone without a word, or it is frozen. Should it send its COMMIT
// this very moment, that is decided before or not at all.
func (r *Recovery) endHung(ctx context.Context, conn AdminConn, n name) error {
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"+
		" AND state_change < clock_timestamp() - interval '%d ms' AND starts_with(query, '%s')",
		r.hung.Milliseconds(), strings.ReplaceAll(decideSQL+n.String(), "'", "''")))
	for _, row := range rows {
		r.o.Log.Warn("ended a session that held up a decision", "shard", n.decider, "pid", row[0], "name", n.String())
	}
	return err
}

// finish carries the decisions out, on each shard one after the other.
func (r *Recovery) finish(ctx context.Context, doubts []*doubt) (finished int) {
	done := make([]int, r.o.Shards)
	r.each(ctx, func(ctx context.Context, shard int) error {
		for _, d := range doubts {
			if d.Shard != shard || d.State != DoubtCommitted && d.State != DoubtAborted {
				continue
			}
			if err := r.finishOne(ctx, d); err != nil {
				return err
			}
			done[shard]++
		}
		return nil
	})
	for _, n := range done {
		finished += n
	}
	return finished
}

func (r *Recovery) finishOne(ctx context.Context, d *doubt) error {
	conn, err := r.conn(ctx, d.Shard)
	if err != nil {
		return err
	}
	verb := "ROLLBACK PREPARED"
	if d.State == DoubtCommitted {
		verb = "COMMIT PREPARED"
	}
	// That it does not exist any more means that another proxy was quicker.
	if _, err = conn.Exec(ctx, verb+" '"+d.GID+"'"); err != nil && !saidCode(err, pgerror.UndefinedObject) {
		return err
	}
	r.o.Log.Info("recovered a prepared transaction", "gid", d.GID, "shard", d.Shard, "age", d.Age, "did", verb)
	d.finished = true
	if !r.settle(d.GID) && d.State == DoubtCommitted {
		r.finished(d.Shard)
	}
	return nil
}

func (r *Recovery) settle(gid string) (ours bool) {
	shard, ours := r.c.open.settle(gid)
	if ours {
		r.c.o.Budget.give(shard)
		r.finished(shard)
	}
	return ours
}

func (r *Recovery) finished(shard int) {
	if r.o.Finished != nil {
		r.o.Finished(shard)
	}
}
