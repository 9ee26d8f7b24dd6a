package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// readers is how many clients read, and write in disguise, in the steps
	// about where statements go.
	readers = 100
	// readsEach is how many plain reads each of them does.
	readsEach = 20
	// fewestOnReplica is the share of plain reads, in percent, that the tour
	// wants on the replica.
	fewestOnReplica = 95
)

// plainSQL is balanceSQL for clients that have a search_path of their own.
const plainSQL = "SELECT balance FROM public.accounts WHERE id = $1"

// tourReads has clients read, and counts where wye sent that.
func tourReads(ctx context.Context, r *rig) (f finding, err error) {
	before, err := r.routed(ctx)
	if err != nil {
		return f, err
	}
	err = r.fleet.first(readers).each(func(_ int, c *pgconn.PgConn) error {
		for range readsEach {
			if err := checkBalance(func(id string) ([]string, error) { return ask(ctx, c, plainSQL, id) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	after, err := r.routed(ctx)
	if err != nil {
		return f, err
	}
	total, there, picked := readers*readsEach, after.replica-before.replica, after.picks-before.picks
	share := 100 * float64(there) / float64(total)
	f.text = fmt.Sprintf("%d plain reads of %d clients: %d on the replica (%.1f %%), SHOW HOSTS has %d picks of it, 0 wrong answers",
		total, readers, there, share, picked)
	f.figures = map[string]any{"reads": total, "on_replica": there, "percent": share, "picks": picked}
	if share < fewestOnReplica || picked < there {
		err = fmt.Errorf("%.1f %% of the plain reads went to the replica, which was picked %d times: want %d %%", share, picked, fewestOnReplica)
	}
	return f, err
}

// routed is what SHOW CLUSTERS counts of where statements went, from the
// start on: reads on the replica, and statements that a replica refused. picks
// is what SHOW HOSTS counts of the replica.
type routed struct{ replica, misroutes, picks int }

func (r *rig) routed(ctx context.Context) (n routed, err error) {
	rows, err := r.show(ctx, "CLUSTERS WHERE name = '"+rigDatabase+"'")
	if err != nil {
		return n, err
	}
	if len(rows) != 1 {
		return n, fmt.Errorf("SHOW CLUSTERS has %d rows for %s, want 1", len(rows), rigDatabase)
	}
	if n.replica, err = strconv.Atoi(rows[0]["reads_replica"]); err != nil {
		return n, err
	}
	if n.misroutes, err = strconv.Atoi(rows[0]["misroutes"]); err != nil {
		return n, err
	}
	hosts, err := r.show(ctx, "HOSTS WHERE node = '"+r.cluster.Replicas[0].Addr()+"'")
	if err != nil {
		return n, err
	}
	if len(hosts) != 1 {
		return n, fmt.Errorf("SHOW HOSTS has %d rows for the replica, want 1", len(hosts))
	}
	n.picks, err = strconv.Atoi(hosts[0]["picks"])
	return n, err
}

// explainRoute is wye's answer to EXPLAIN ROUTE, on one line.
func explainRoute(ctx context.Context, c *pgconn.PgConn, sql string) (string, error) {
	results, err := c.Exec(ctx, "EXPLAIN ROUTE "+sql).ReadAll()
	if err != nil {
		return "", err
	}
	var lines []string
	for _, row := range results[0].Rows {
		lines = append(lines, strings.Join(strings.Fields(string(row[0])), " "))
	}
	return strings.Join(lines, "; "), nil
}
