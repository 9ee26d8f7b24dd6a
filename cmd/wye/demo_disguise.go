package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// disguiseSchema is a function that writes, and what it writes to.
const disguiseSchema = `CREATE TABLE visits (id bigserial);
CREATE FUNCTION visit() RETURNS bigint LANGUAGE sql AS 'INSERT INTO public.visits DEFAULT VALUES RETURNING id';
`

// disguises look like reads at first sight. The first is the one explained.
var disguises = []string{
	"SELECT public.visit()",
	"WITH v AS (INSERT INTO public.visits DEFAULT VALUES RETURNING id) SELECT id FROM v",
	"SELECT nextval('public.visits_id_seq')",
	"SELECT id FROM public.accounts WHERE id = 1 FOR UPDATE",
}

// tourDisguise has clients write by statements that begin like reads. Had one
// gone to the replica, that would have refused it, and wye would have counted
// it as a misroute.
func tourDisguise(ctx context.Context, r *rig) (f finding, err error) {
	before, err := r.routed(ctx)
	if err != nil {
		return f, err
	}
	err = r.fleet.first(readers).each(func(_ int, c *pgconn.PgConn) error {
		for _, sql := range disguises {
			if _, err := ask(ctx, c, sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
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
	route, err := explainRoute(ctx, r.fleet.conns[0], disguises[0])
	if err != nil {
		return f, err
	}
	rows, err := r.cluster.Primary.Value(ctx, "SELECT count(*) FROM visits")
	if err != nil {
		return f, err
	}
	total, strayed := readers*len(disguises), after.misroutes-before.misroutes
	onReplica := after.replica - before.replica
	f.text = fmt.Sprintf("%d SELECTs and WITHs that write or lock: 0 errors, %d went to the replica; EXPLAIN ROUTE %s: %s",
		total, strayed+onReplica, disguises[0], route)
	f.figures = map[string]any{"statements": total, "to_replica": strayed + onReplica, "explained": disguises[0], "route": route}
	switch want := strconv.Itoa(2 * readers); {
	case strayed+onReplica > 0:
		err = fmt.Errorf("%d writes in disguise went to the replica, which refused %d", strayed+onReplica, strayed)
	case rows != want:
		err = fmt.Errorf("the writes left %s rows, want %s", rows, want)
	case !strings.HasPrefix(route, "primary"):
		err = fmt.Errorf("EXPLAIN ROUTE %s says %s", disguises[0], route)
	}
	return f, err
}
