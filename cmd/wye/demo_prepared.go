package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// runsEach is how often each client runs its prepared statement.
	runsEach = 10
	// askers is how many clients ask at a time what their server conn holds:
	// enough to have all server conns in use at once.
	askers = 8 * rigPool
)

// heldSQL asks a server conn for its copies of a prepared statement. The
// pause keeps it busy, so that the others are asked as well; %s is the role of
// the server to ask.
const heldSQL = `/* wye: role=%s */ SELECT pg_backend_pid(), count(*), pg_sleep(0.01)
FROM pg_prepared_statements WHERE statement = $1`

// tourPrepared has every client prepare the same statement under the same
// name and run it, each time on whichever server conn is free.
func tourPrepared(ctx context.Context, r *rig) (f finding, err error) {
	before, err := parseCounts(ctx, r)
	if err != nil {
		return f, err
	}
	err = r.fleet.each(func(_ int, c *pgconn.PgConn) error {
		if _, err := c.Prepare(ctx, "balance", balanceSQL, nil); err != nil {
			return err
		}
		for range runsEach {
			if err := checkBalance(func(id string) ([]string, error) { return askPrepared(ctx, c, "balance", id) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	after, err := parseCounts(ctx, r)
	if err != nil {
		return f, err
	}
	parsed, sent, ran := after.client-before.client, after.server-before.server, fleetSize*runsEach
	conns, held, err := preparedOnServers(ctx, r.fleet.first(askers), sent)
	if err != nil {
		return f, err
	}
	f.text = fmt.Sprintf("%d clients prepare a statement, %d runs in all: %d Parses in, %d out, %d held by PostgreSQL",
		fleetSize, ran, parsed, sent, held)
	f.figures = map[string]any{"client_parses": parsed, "server_parses": sent, "executions": ran, "held_by_server": held, "server_conns_asked": conns}
	switch {
	case parsed != fleetSize:
		err = fmt.Errorf("clients sent %d Parse messages, want %d", parsed, fleetSize)
	case sent < 1 || sent > 2*rigPool:
		err = fmt.Errorf("%d Parse messages reached the two servers, want 1 to %d", sent, 2*rigPool)
	case held != sent:
		err = fmt.Errorf("the servers hold the statement %d times after %d Parse messages", held, sent)
	}
	return f, err
}

// parses is how many Parse messages came from clients and how many went to
// servers, from the start on.
type parses struct{ client, server int }

func parseCounts(ctx context.Context, r *rig) (p parses, err error) {
	rows, err := r.show(ctx, "STATS WHERE database = '"+rigDatabase+"'")
	if err != nil {
		return p, err
	}
	if len(rows) != 1 {
		return p, fmt.Errorf("SHOW STATS has %d rows for %s, want 1", len(rows), rigDatabase)
	}
	if p.client, err = strconv.Atoi(rows[0]["total_client_parse_count"]); err != nil {
		return p, err
	}
	p.server, err = strconv.Atoi(rows[0]["total_server_parse_count"])
	return p, err
}

// preparedOnServers asks the server conns themselves: how many there are, and
// how many prepared statements of that text they hold together. Which conns
// answer is chance, so it asks until want are found or it has tried for long.
func preparedOnServers(ctx context.Context, f *fleet, want int) (conns, held int, err error) {
	byPID := map[string]int{}
	for began := time.Now(); ; {
		if err := askPIDs(ctx, f, byPID); err != nil {
			return 0, 0, err
		}
		held = 0
		for _, n := range byPID {
			held += n
		}
		if held >= want || time.Since(began) > 3*time.Second {
			return len(byPID), held, nil
		}
	}
}

// askPIDs asks once what the server conns hold that the clients get.
func askPIDs(ctx context.Context, f *fleet, byPID map[string]int) error {
	var mu sync.Mutex
	for _, role := range []string{"primary", "replica"} {
		err := f.each(func(_ int, c *pgconn.PgConn) error {
			row, err := ask(ctx, c, fmt.Sprintf(heldSQL, role), balanceSQL)
			if err != nil {
				return err
			}
			n, err := strconv.Atoi(row[1])
			mu.Lock()
			defer mu.Unlock()
			byPID[row[0]] = n
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
