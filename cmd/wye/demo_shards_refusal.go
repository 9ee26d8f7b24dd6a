package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// medianSQL needs all rows in one place.
const medianSQL = "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY balance) FROM users"

// tourRefusal asks for what no part of the rows can answer: refused with the
// way out while rows may not be moved, answered when they may.
func tourRefusal(ctx context.Context, r *rig) (f finding, err error) {
	c := r.store.fleet.conns[0]
	if err := do(ctx, c, "SET wye.gather = off"); err != nil {
		return f, err
	}
	_, refusal := ask(ctx, c, medianSQL)
	e := (*pgconn.PgError)(nil)
	if !errors.As(refusal, &e) || e.Code != pgerror.FeatureNotSupported || e.Hint == "" {
		return f, fmt.Errorf("with wye.gather off the median gives %v, want a refusal with a hint", refusal)
	}
	if err := do(ctx, c, "SET wye.gather = on"); err != nil {
		return f, err
	}
	row, err := ask(ctx, c, medianSQL)
	if err != nil {
		return f, err
	}
	all, err := r.store.users(ctx)
	if err != nil {
		return f, err
	}
	slices.SortFunc(all, func(a, b user) int { return a.balance - b.balance })
	want := strconv.Itoa(all[(len(all)-1)/2].balance)
	f.text = fmt.Sprintf("a median with wye.gather off: %s %q, hint %q; on: %s, the servers' own rows say %s", e.Code, e.Message, e.Hint, row[0], want)
	f.figures = map[string]any{"code": e.Code, "message": e.Message, "hint": e.Hint, "median": row[0]}
	if row[0] != want {
		err = fmt.Errorf("the median is %s, want %s", row[0], want)
	}
	return f, err
}
