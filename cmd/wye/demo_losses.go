package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// tourLosses terminates server conns: first the idle ones, then one that runs
// a query.
func tourLosses(ctx context.Context, r *rig) (f finding, err error) {
	killed, err := loseIdle(ctx, r)
	if err != nil {
		return f, err
	}
	began := time.Now()
	err = r.fleet.each(func(_ int, c *pgconn.PgConn) error {
		_, err := ask(ctx, c, "SELECT 1")
		return err
	})
	if err != nil {
		return f, fmt.Errorf("after %d idle server conns were terminated: %w", killed, err)
	}
	recovered := time.Since(began)
	told, err := loseOne(ctx, r)
	if err != nil {
		return f, err
	}
	gone := 0
	for _, c := range r.fleet.conns {
		if c.IsClosed() {
			gone++
		}
	}
	f.text = fmt.Sprintf("%d idle server processes killed: 0 errors; 1 in mid-query: %s in %.1f ms; %d of %d clients lost",
		killed, pgerror.AdminShutdown, ms(told), gone, fleetSize)
	f.figures = map[string]any{"idle_killed": killed, "recovered_ms": ms(recovered), "mid_query_ms": ms(told), "clients_lost": gone}
	switch {
	case killed == 0:
		err = fmt.Errorf("there was no idle server conn to terminate")
	case gone > 0:
		err = fmt.Errorf("%d clients lost their connection", gone)
	}
	return f, err
}

// loseIdle terminates the server processes that wait for wye, all of them at
// both servers, and returns how many there were when they have ended.
func loseIdle(ctx context.Context, r *rig) (killed int, err error) {
	for _, node := range r.cluster.Nodes() {
		idle, err := node.Query(ctx, "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND "+r.serverConns())
		if err != nil {
			return killed, err
		}
		killed += len(idle)
		err = pollUntil(ctx, "the terminated processes to end", func() (bool, error) {
			for _, row := range idle {
				left, err := node.Value(ctx, "SELECT count(*) FROM pg_stat_activity WHERE pid = "+row[0])
				if err != nil || left != "0" {
					return false, err
				}
			}
			return true, nil
		})
		if err != nil {
			return killed, err
		}
	}
	return killed, nil
}

// loseOne terminates the server process that runs a client's query, and
// returns how long the client's error took to arrive. The same connection
// must then go on.
func loseOne(ctx context.Context, r *rig) (time.Duration, error) {
	c := r.fleet.conns[0]
	ended := make(chan error, 1)
	go func() { ended <- do(ctx, c, sleepSQL) }()
	pid, err := sleeper(ctx, r)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := r.cluster.Primary.Exec(ctx, "SELECT pg_terminate_backend("+pid+")"); err != nil {
		return 0, err
	}
	err = <-ended
	took := time.Since(began)
	if code := sqlState(err); code != pgerror.AdminShutdown {
		return 0, fmt.Errorf("the query of the terminated server conn ended with %v, want %s", err, pgerror.AdminShutdown)
	}
	if err := do(ctx, c, "SELECT 1"); err != nil {
		return 0, fmt.Errorf("the client's next query after its server conn was terminated: %w", err)
	}
	return took, nil
}
