package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// loadBeforeKill is how long clients write before the primary dies.
const loadBeforeKill = 500 * time.Millisecond

// tourFailover kills the primary under writes, promotes the replica at once,
// and then lets the killed one come back as the replica of the new primary.
func tourFailover(ctx context.Context, r *rig) (f finding, err error) {
	old, heir := r.cluster.Primary, r.cluster.Replicas[0]
	if err := confirmed(ctx, r); err != nil {
		return f, err
	}
	load := r.fleet.write(ctx)
	began := time.Now()
	err = killUnder(ctx, r, load)
	load.end()
	ran := time.Since(began)
	if err != nil {
		return f, err
	}
	n, err := load.compare(ctx, r)
	if err != nil {
		return f, err
	}
	if err := old.Rejoin(ctx, heir); err != nil {
		return f, err
	}
	r.cluster.Primary, r.cluster.Replicas[0] = heir, old
	rejoined := time.Now()
	if err := r.readsFrom(ctx, old.Addr()); err != nil {
		return f, err
	}
	gap, rate := load.gap(), float64(n.acked)/ran.Seconds()
	f.text = fmt.Sprintf("primary killed under %.0f writes/s, replica promoted: gap %.0f ms, %d outcomes unknown (08007), %d other errors; %d acknowledged, %d lost",
		rate, ms(gap), n.unknown, len(n.failed), n.acked, n.lost)
	f.figures = map[string]any{
		"gap_ms": ms(gap), "writes_per_s": rate, "acknowledged": n.acked, "unknown": n.unknown,
		"failed": len(n.failed), "lost": n.lost, "twice": n.twice, "clients": writers,
		"reads_again_ms": ms(time.Since(rejoined)),
	}
	switch {
	case n.lost+n.twice > 0:
		err = fmt.Errorf("%d acknowledged writes are lost, %d rows are there twice", n.lost, n.twice)
	case len(n.failed) > 0:
		err = fmt.Errorf("%d writes failed otherwise than with an unknown outcome: %w", len(n.failed), errors.Join(n.failed...))
	case n.unknown > writers:
		err = fmt.Errorf("%d outcomes are unknown, want at most the %d writes in flight", n.unknown, writers)
	}
	return f, err
}

// confirmed makes commits on the primary wait for the replica, without which
// an acknowledged one could die with the primary. The setting is the primary's
// own: once promoted, the replica commits alone.
func confirmed(ctx context.Context, r *rig) error {
	for _, sql := range []string{"ALTER SYSTEM SET synchronous_standby_names = 'r1'", "SELECT pg_reload_conf()"} {
		if err := r.cluster.Primary.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return pollUntil(ctx, "the replica to confirm commits", func() (bool, error) {
		n, err := r.cluster.Primary.Value(ctx, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
		return n == "1", err
	})
}

// killUnder kills the primary, promotes the replica, and returns when every
// client writes again.
func killUnder(ctx context.Context, r *rig, load *writing) error {
	if err := load.since(ctx, time.Now()); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(loadBeforeKill):
	}
	r.cluster.Primary.Kill()
	dead := time.Now()
	if err := r.cluster.Replicas[0].Promote(ctx); err != nil {
		return err
	}
	return load.since(ctx, dead)
}

// reckoning compares what clients were told with what is there.
type reckoning struct {
	acked, unknown, lost, twice int
	failed                      []error
}

// compare looks at the new primary, after the load has ended.
func (l *writing) compare(ctx context.Context, r *rig) (n reckoning, err error) {
	rows, err := r.cluster.Replicas[0].Query(ctx, "SELECT id, count(*) FROM orders GROUP BY id")
	if err != nil {
		return n, err
	}
	there := map[int]bool{}
	for _, row := range rows {
		id, err := strconv.Atoi(row[0])
		if err != nil {
			return n, err
		}
		there[id] = true
		if row[1] != "1" {
			n.twice++
		}
	}
	for _, w := range l.writers {
		n.acked += len(w.acked)
		n.unknown += len(w.unknown)
		n.failed = append(n.failed, w.failed...)
		for id := range w.acked {
			if !there[id] {
				n.lost++
			}
		}
	}
	return n, nil
}

// readsFrom returns when wye sends reads to the server at addr.
func (r *rig) readsFrom(ctx context.Context, addr string) error {
	c, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return pollUntil(ctx, "reads to go to "+addr, func() (bool, error) {
		route, err := explainRoute(ctx, c, "VALUES (1)")
		return strings.HasSuffix(route, addr), err
	})
}
