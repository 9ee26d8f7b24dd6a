package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// balanceSQL is the query of the first two steps.
const balanceSQL = "SELECT balance FROM accounts WHERE id = $1"

// loadTime is how long the clients of the first step go on querying.
const loadTime = 800 * time.Millisecond

// tourPooling has hundreds of clients query at once, and counts what reaches
// the server.
func tourPooling(ctx context.Context, r *rig) (f finding, err error) {
	began := time.Now()
	if r.fleet, err = r.launch(ctx, fleetSize); err != nil {
		return f, err
	}
	connected := time.Since(began)
	seen := watchConns(ctx, r)
	times, ran, err := loadFleet(ctx, r.fleet)
	most, watchErr := seen()
	if err := cmpError(err, watchErr); err != nil {
		return f, err
	}
	n := len(times)
	slices.Sort(times)
	p50, p99, rate := times[n/2], times[n*99/100], float64(n)/ran.Seconds()
	f.text = fmt.Sprintf("%d clients at once on %d conns to the primary, %d to the replica (PostgreSQL counts %d, %d): %.0f queries/s, p99 %.0f ms",
		most.clients, most.shown[0], most.shown[1], most.actual[0], most.actual[1], rate, ms(p99))
	f.figures = map[string]any{
		"clients": most.clients, "login_ms": ms(connected), "queries": n, "queries_per_s": rate, "p50_ms": ms(p50), "p99_ms": ms(p99),
		"server_conns_shown": most.shown, "server_conns_actual": most.actual,
	}
	switch {
	case most.clients < fleetSize:
		err = fmt.Errorf("SHOW CLIENTS has %d clients, want %d", most.clients, fleetSize)
	case !most.shown.inBounds():
		err = fmt.Errorf("SHOW SERVERS has %v server conns to the servers, want 1 to %d each", most.shown, rigPool)
	case !most.actual.inBounds():
		err = fmt.Errorf("pg_stat_activity of the servers has %v server conns, want 1 to %d each", most.actual, rigPool)
	}
	return f, err
}

// loadFleet has every client ask for balances until the time is up, and checks
// the answers. It returns how long each query took.
func loadFleet(ctx context.Context, f *fleet) ([]time.Duration, time.Duration, error) {
	perClient := make([][]time.Duration, f.size())
	began := time.Now()
	err := f.each(func(i int, c *pgconn.PgConn) error {
		for len(perClient[i]) == 0 || time.Since(began) < loadTime {
			start := time.Now()
			if err := checkBalance(func(id string) ([]string, error) { return ask(ctx, c, balanceSQL, id) }); err != nil {
				return err
			}
			perClient[i] = append(perClient[i], time.Since(start))
		}
		return nil
	})
	return slices.Concat(perClient...), time.Since(began), err
}

// checkBalance asks for the balance of some account and checks the answer.
func checkBalance(ask func(id string) ([]string, error)) error {
	id := 1 + rand.IntN(rigAccounts)
	row, err := ask(strconv.Itoa(id))
	if err != nil {
		return err
	}
	if want := strconv.Itoa(3 * id); row[0] != want {
		return fmt.Errorf("account %d has a balance of %s, want %s", id, row[0], want)
	}
	return nil
}

// perServer is a count at the primary and one at the replica.
type perServer [2]int

func (n perServer) most(m perServer) perServer { return perServer{max(n[0], m[0]), max(n[1], m[1])} }

// inBounds says that some server was used and none beyond its pool.
func (n perServer) inBounds() bool { return max(n[0], n[1]) >= 1 && max(n[0], n[1]) <= rigPool }

// connCounts is how many clients and server conns there were.
type connCounts struct {
	clients       int
	shown, actual perServer
}

// watchConns looks at them again and again, until the function that it
// returns is called: that returns the most it saw of each.
func watchConns(ctx context.Context, r *rig) func() (connCounts, error) {
	var most connCounts
	var err error
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for last := false; err == nil; {
			var now connCounts
			now, err = countConns(ctx, r)
			most = connCounts{max(most.clients, now.clients), most.shown.most(now.shown), most.actual.most(now.actual)}
			if last {
				return
			}
			select {
			case <-done:
				last = true // on a busy machine it may be the only look that found conns: they stay for a while
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return func() (connCounts, error) {
		close(done)
		wg.Wait()
		return most, err
	}
}

// countConns asks wye, and the servers behind wye's back.
func countConns(ctx context.Context, r *rig) (c connCounts, err error) {
	clients, err := r.show(ctx, "CLIENTS WHERE user = '"+r.app.name+"'")
	if err != nil {
		return c, err
	}
	c.clients = len(clients)
	servers, err := r.show(ctx, "SERVERS WHERE user = '"+r.app.name+"'")
	if err != nil {
		return c, err
	}
	for i, node := range r.cluster.Nodes() {
		for _, s := range servers {
			if net.JoinHostPort(s["addr"], s["port"]) == node.Addr() {
				c.shown[i]++
			}
		}
		actual, err := node.Value(ctx, "SELECT count(*) FROM pg_stat_activity WHERE "+r.serverConns())
		if err != nil {
			return c, err
		}
		if c.actual[i], err = strconv.Atoi(actual); err != nil {
			return c, err
		}
	}
	return c, nil
}

// serverConns is the condition that tells the pool's server conns in
// pg_stat_activity from those by which wye watches the server.
func (r *rig) serverConns() string {
	return "usename = '" + r.app.name + "' AND application_name <> 'wye watch'"
}
