package main

import (
	"context"
	"fmt"
	"time"
)

// tourReplica writes through wye and looks for the row on the replica.
func tourReplica(ctx context.Context, r *rig) (f finding, err error) {
	primary, replica := r.cluster.Primary, r.cluster.Replicas[0]
	stream, err := primary.Query(ctx, "SELECT application_name, state FROM pg_stat_replication WHERE application_name <> 'wye cache'")
	if err != nil {
		return f, err
	}
	if len(stream) != 1 || stream[0][1] != "streaming" {
		return f, fmt.Errorf("pg_stat_replication has %v, want one that streams", stream)
	}
	c := r.fleet.conns[0]
	began := time.Now()
	if err := do(ctx, c, "INSERT INTO public.accounts VALUES (0, 0)"); err != nil {
		return f, err
	}
	err = pollUntil(ctx, "the row on the replica", func() (bool, error) {
		n, err := replica.Value(ctx, "SELECT count(*) FROM accounts WHERE id = 0")
		return n == "1", err
	})
	if err != nil {
		return f, err
	}
	arrived := time.Since(began)
	f.text = fmt.Sprintf("it streams, a write is there in %.1f ms", ms(arrived))
	f.figures = map[string]any{"state": stream[0][1], "visible_ms": ms(arrived)}
	return f, nil
}
