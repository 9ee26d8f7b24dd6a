package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// bystanders run queries while another client's is cancelled.
const bystanders = 4

// sleepSQL is a query that only a cancel or a loss ends in time.
const sleepSQL = "SELECT pg_sleep(60)"

// tourCancel cancels one client's query among those of others.
func tourCancel(ctx context.Context, r *rig) (f finding, err error) {
	victim := r.fleet.conns[fleetSize-1]
	var stop atomic.Bool
	var unharmed atomic.Int64
	others := make(chan error, 1)
	go func() {
		others <- r.fleet.first(bystanders).each(func(_ int, c *pgconn.PgConn) error {
			for !stop.Load() {
				if _, err := ask(ctx, c, "SELECT pg_sleep(0.01)"); err != nil {
					return err
				}
				unharmed.Add(1)
			}
			return nil
		})
	}()
	took, err := cancelOne(ctx, r, victim)
	stop.Store(true)
	if othersErr := <-others; err == nil && othersErr != nil {
		err = fmt.Errorf("queries of others: %w", othersErr)
	}
	if err != nil {
		return f, err
	}
	if _, err := ask(ctx, victim, "SELECT 1"); err != nil {
		return f, fmt.Errorf("the client's next query: %w", err)
	}
	f.text = fmt.Sprintf("a query of 60 s ends with %s in %.1f ms, its connection goes on; %d of others' queries unharmed",
		pgerror.QueryCanceled, ms(took), unharmed.Load())
	f.figures = map[string]any{"cancel_ms": ms(took), "sqlstate": pgerror.QueryCanceled, "others_ran": unharmed.Load(), "others_harmed": 0}
	if unharmed.Load() == 0 {
		err = fmt.Errorf("no other client ran a query meanwhile")
	}
	return f, err
}

// cancelOne starts a long query, waits until the server runs it, cancels it
// and returns how long its error took to arrive.
func cancelOne(ctx context.Context, r *rig, c *pgconn.PgConn) (time.Duration, error) {
	ended := make(chan error, 1)
	go func() { ended <- do(ctx, c, sleepSQL) }()
	if _, err := sleeper(ctx, r); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := c.CancelRequest(ctx); err != nil {
		return 0, fmt.Errorf("cancel request: %w", err)
	}
	err := <-ended
	if code := sqlState(err); code != pgerror.QueryCanceled {
		return 0, fmt.Errorf("the cancelled query ended with %v, want %s", err, pgerror.QueryCanceled)
	}
	return time.Since(began), nil
}

// sleeper waits until the server runs sleepSQL, and returns the process id.
func sleeper(ctx context.Context, r *rig) (pid string, err error) {
	err = pollUntil(ctx, "the server to run "+sleepSQL, func() (bool, error) {
		rows, err := r.cluster.Primary.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = '"+sleepSQL+"'")
		if err != nil || len(rows) == 0 {
			return false, err
		}
		pid = rows[0][0]
		return true, nil
	})
	return pid, err
}
