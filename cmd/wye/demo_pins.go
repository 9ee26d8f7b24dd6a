package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// tourPins makes two sessions that cannot share a server conn, and lets go
// of what holds them.
func tourPins(ctx context.Context, r *rig) (f finding, err error) {
	shopper, err := r.connect(ctx)
	if err != nil {
		return f, err
	}
	defer shopper.Close(ctx)
	listener, err := r.connect(ctx)
	if err != nil {
		return f, err
	}
	defer listener.Close(ctx)

	if err := do(ctx, shopper, "CREATE TEMP TABLE basket (item text); INSERT INTO basket VALUES ('tea'), ('milk')"); err != nil {
		return f, err
	}
	if err := do(ctx, listener, "LISTEN news"); err != nil {
		return f, err
	}
	reasons, err := pinned(ctx, r)
	if err != nil {
		return f, err
	}
	basket, err := ask(ctx, shopper, "SELECT count(*) FROM basket")
	if err != nil {
		return f, err
	}
	delivered, err := notify(ctx, r, listener)
	if err != nil {
		return f, err
	}
	released, err := unpin(ctx, r, shopper, listener)
	if err != nil {
		return f, err
	}
	f.text = fmt.Sprintf("2 sessions pinned (%s), NOTIFY heard in %.1f ms; 0 pinned %.1f ms after DROP and UNLISTEN",
		strings.Join(reasons, ", "), ms(delivered), ms(released))
	f.figures = map[string]any{"reasons": reasons, "notify_ms": ms(delivered), "release_ms": ms(released), "pinned_after": 0}
	switch {
	case !slices.Equal(reasons, []string{"listen", "temp_object"}):
		err = fmt.Errorf("SHOW PINNED_CLIENTS gives the reasons %q, want listen and temp_object", reasons)
	case basket[0] != "2":
		err = fmt.Errorf("the temporary table has %s rows, want 2", basket[0])
	}
	return f, err
}

// pinned lists why clients are pinned, sorted.
func pinned(ctx context.Context, r *rig) ([]string, error) {
	rows, err := r.show(ctx, "PINNED_CLIENTS")
	if err != nil {
		return nil, err
	}
	reasons := []string{}
	for _, row := range rows {
		reasons = append(reasons, row["reasons"])
	}
	slices.Sort(reasons)
	return reasons, nil
}

// notify sends news through another client, and returns after how long the
// listener had it.
func notify(ctx context.Context, r *rig, listener *pgconn.PgConn) (time.Duration, error) {
	began := time.Now()
	if err := do(ctx, r.fleet.conns[0], "NOTIFY news, 'fresh'"); err != nil {
		return 0, err
	}
	if err := listener.WaitForNotification(ctx); err != nil {
		return 0, fmt.Errorf("wait for the notification: %w", err)
	}
	return time.Since(began), nil
}

// unpin has both clients let go, and waits until the console says so.
func unpin(ctx context.Context, r *rig, shopper, listener *pgconn.PgConn) (time.Duration, error) {
	began := time.Now()
	if err := do(ctx, shopper, "DROP TABLE basket"); err != nil {
		return 0, err
	}
	if err := do(ctx, listener, "UNLISTEN *"); err != nil {
		return 0, err
	}
	err := pollUntil(ctx, "SHOW PINNED_CLIENTS to be empty", func() (bool, error) {
		left, err := pinned(ctx, r)
		return len(left) == 0, err
	})
	return time.Since(began), err
}
