package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// ownSchema is what clients write and read back: a row for each.
var ownSchema = fmt.Sprintf(`CREATE TABLE notes (id int PRIMARY KEY, n int NOT NULL);
INSERT INTO notes SELECT i, 0 FROM generate_series(0, %d) i;
`, authors-1)

const (
	// authors is how many clients write while the replica stands still.
	authors = 50
	// notesEach is how often each writes and reads it back.
	notesEach = 10
)

// tourOwn stops the replica's replay, and has clients read what they have just
// written.
func tourOwn(ctx context.Context, r *rig) (f finding, err error) {
	replica := r.cluster.Replicas[0]
	if err := replica.WaitCaughtUp(ctx, r.cluster.Primary); err != nil {
		return f, err
	}
	if err := replica.Exec(ctx, "SELECT pg_wal_replay_pause()"); err != nil {
		return f, err
	}
	// Later steps need it, and a tour that is told to go gains nothing by it.
	defer func() { err = errors.Join(err, replica.Exec(ctx, "SELECT pg_wal_replay_resume()")) }()
	stale, err := readOwn(ctx, r.fleet.first(authors))
	if err != nil {
		return f, err
	}
	behind, err := replica.Value(ctx, "SELECT count(*) FROM notes WHERE n < "+strconv.Itoa(notesEach))
	if err != nil {
		return f, err
	}
	total := authors * notesEach
	f.text = fmt.Sprintf("replay paused, %s of %d rows old on the replica: %d writes read back at once by their clients, %d stale",
		behind, authors, total, stale)
	f.figures = map[string]any{"reads": total, "stale": stale, "rows": authors, "rows_old_on_replica": behind}
	switch {
	case stale > 0:
		err = fmt.Errorf("%d of %d reads did not see their client's own write", stale, total)
	case behind == "0":
		err = fmt.Errorf("the replica was not behind: nothing was shown")
	}
	return f, err
}

// readOwn has each client write to its row and read that back, and returns how
// many reads did not see the write.
func readOwn(ctx context.Context, f *fleet) (int64, error) {
	var stale atomic.Int64
	err := f.each(func(i int, c *pgconn.PgConn) error {
		for n := 1; n <= notesEach; n++ {
			if err := do(ctx, c, fmt.Sprintf("UPDATE public.notes SET n = %d WHERE id = %d", n, i)); err != nil {
				return err
			}
			row, err := ask(ctx, c, "SELECT n FROM public.notes WHERE id = $1", strconv.Itoa(i))
			if err != nil {
				return err
			}
			if row[0] != strconv.Itoa(n) {
				stale.Add(1)
			}
		}
		return nil
	})
	return stale.Load(), err
}
