package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestShardCursors: what PostgreSQL says of cursors is for the differential
// test; this is what they leave behind on conns that others get next, and
// their limits.
func TestShardCursors(t *testing.T) {
	t.Parallel()
	_, _, addr := sharded(t, 2, "    pool: {size: 1}\n    gather: {max_rows: 500}\n")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 300)
	must(t, conn, "BEGIN")
	must(t, conn, "DECLARE c SCROLL CURSOR FOR SELECT id FROM users ORDER BY id")
	if got := must(t, conn, "FETCH ABSOLUTE 299 FROM c"); got != "299" {
		t.Errorf("row 299 is %q", got)
	}
	must(t, conn, "COMMIT")

	// A server has one conn for all clients here, so that the next one gets it
	// as it was left, or waits in vain.
	for name, leave := range map[string][]string{
		"closed":      {"BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id", "COMMIT", "SELECT count(*) FROM users", "FETCH 3 FROM c", "CLOSE c"},
		"closed all":  {"DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id", "FETCH 3 FROM c", "CLOSE ALL"},
		"discarded":   {"DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id", "DISCARD ALL"},
		"rolled back": {"BEGIN", "SELECT count(*) FROM users", "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users WHERE id = 1", "ROLLBACK"},
		"left":        {"BEGIN", "SELECT count(*) FROM users", "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users WHERE id = 1", "COMMIT", "FETCH 1 FROM c", "quit"},
		"broken off":  {"BEGIN", "DECLARE c CURSOR WITH HOLD FOR SELECT id FROM users ORDER BY id", "quit"},
		"both ways":   {"BEGIN", "UPDATE users SET name = name", "SELECT pg_advisory_lock(7)", "COMMIT", "SELECT pg_advisory_unlock(7)"},
	} {
		t.Run(name, func(t *testing.T) {
			one := connect(t, dsn(addr))
			got := ""
			for _, sql := range leave {
				if sql == "quit" {
					_ = one.Close(soon(t, time.Second))
					break
				}
				got = must(t, one, sql)
			}
			if name == "both ways" && got != "t" {
				t.Errorf("the lock was lost with the transaction: %q", got)
			}
			for _, id := range []int{1, 2, 3, 4} { // on both shards
				must(t, conn, "BEGIN")
				must(t, conn, fmt.Sprintf("SELECT name FROM users WHERE id = %d", id))
				fails(t, conn, "FETCH 1 FROM c", "34000")
				must(t, conn, "ROLLBACK")
			}
			if free := must(t, conn, "SELECT pg_try_advisory_xact_lock(7)"); free != "t" {
				t.Error("the lock is still held")
			}
		})
	}
	must(t, conn, "BEGIN")
	fails(t, conn, "DECLARE c CURSOR FOR SELECT id / (id - 7) FROM users", "22012")
	must(t, conn, "ROLLBACK")
	must(t, conn, "BEGIN")
	if e := fails(t, conn, "DECLARE c CURSOR FOR SELECT id FROM orders", "54000"); !strings.Contains(e.Hint, "gather.max_rows") {
		t.Error(e)
	}
	must(t, conn, "ROLLBACK")
	if got := said(t, conn, "EXPLAIN ROUTE DECLARE c CURSOR FOR SELECT id FROM users"); !strings.Contains(got, "cursor   DECLARE c CURSOR, over\n  scatter  tier A") {
		t.Error(got)
	}
}

// TestShardPrepare is SQL's PREPARE beside the protocol's, and by drivers.
func TestShardPrepare(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 100)
	ctx := soon(t, 30*time.Second)
	must(t, conn, "PREPARE p (int8) AS SELECT name FROM users WHERE id = $1")
	if _, err := conn.Prepare(ctx, "q", "SELECT count(*) FROM users WHERE id > $1", nil); err != nil {
		t.Fatal(err)
	}
	for id := 1; id <= 20; id++ {
		want := fmt.Sprintf("user %d", id)
		if got := must(t, conn, fmt.Sprintf("EXECUTE p (%d)", id)); got != want {
			t.Errorf("EXECUTE: %q, want %q", got, want)
		}
		r := conn.ExecPrepared(ctx, "p", [][]byte{fmt.Append(nil, id)}, nil, nil).Read()
		if r.Err != nil || len(r.Rows) != 1 || string(r.Rows[0][0]) != want {
			t.Errorf("Bind: %q, %v", r.Rows, r.Err)
		}
	}
	if got := must(t, conn, "EXECUTE q (90)"); got != "10" {
		t.Errorf("a statement of the protocol: %s", got)
	}
	_, err := conn.Prepare(ctx, "p", "SELECT 1", nil)
	wantError(t, err, "42P05")
	fails(t, conn, "PREPARE q AS SELECT 1", "42P05")
	for i, c := range list {
		want := asSuperuser(t, c, "SELECT count(*) FROM public.users WHERE id > 10")
		for _, sql := range []string{"PREPARE h AS /* wye: shard=s%d */ SELECT count(*) FROM users WHERE id > $1", "/* wye: shard=s%d */ PREPARE h AS SELECT count(*) FROM users WHERE id > $1"} {
			must(t, conn, fmt.Sprintf(sql, i))
			if got := must(t, conn, "EXECUTE h (10)"); got != want {
				t.Errorf("%s: %s, want %s", sql, got, want)
			}
			must(t, conn, "DEALLOCATE h")
		}
		if got := must(t, conn, fmt.Sprintf("/* wye: shard=s%d */ EXECUTE q (10)", i)); got != want {
			t.Errorf("shard %d by the hint of EXECUTE: %s, want %s", i, got, want)
		}
	}
	if got := said(t, conn, "EXPLAIN ROUTE EXECUTE q (10)"); !strings.Contains(got, "scatter  tier B") {
		t.Error(got)
	}
	prepareByDriver(t, addr)
	must(t, conn, "DISCARD ALL")
	fails(t, conn, "EXECUTE p (1)", "26000")
	must(t, conn, "PREPARE p AS SELECT 1") // and nothing of it is left on servers
}

// prepareByDriver runs EXECUTE in the extended protocol, with binary results
// and a pipeline.
func prepareByDriver(t *testing.T, addr string) {
	ctx := soon(t, 30*time.Second)
	conn, err := pgx.Connect(ctx, dsn(addr))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "PREPARE p AS SELECT id, balance FROM users WHERE id > $1 ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	rows, _ := conn.Query(ctx, "EXECUTE p (97)")
	ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id int64, err error) {
		var balance float64
		err = row.Scan(&id, &balance)
		return id, err
	})
	if err != nil || fmt.Sprint(ids) != "[98 99 100]" {
		t.Errorf("%v %v", ids, err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := &pgx.Batch{}
	b.Queue("PREPARE u (int8) AS UPDATE users SET balance = balance + 1 WHERE id = $1")
	for range 3 {
		b.Queue("EXECUTE u (1)")
		b.Queue("EXECUTE u (2)")
	}
	b.Queue("SELECT sum(balance) FROM users WHERE id IN (1, 2)")
	results := tx.SendBatch(ctx, b)
	for range 7 {
		if _, err := results.Exec(); err != nil {
			t.Fatal(err)
		}
	}
	var sum float64
	if err := results.QueryRow().Scan(&sum); err != nil || sum != 1.5+2.5+6 {
		t.Errorf("%v %v", sum, err)
	}
	if err := results.Close(); err != nil {
		t.Error(err)
	}
	_ = tx.Rollback(ctx)
	sd, err := conn.Prepare(ctx, "described", "EXECUTE p (1)")
	if err != nil || len(sd.Fields) != 2 || len(sd.ParamOIDs) != 0 {
		t.Errorf("EXECUTE is described as %+v, %v", sd, err)
	}
}

// said is all that a statement gives, a line per row.
func said(t *testing.T, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	rows, err := run(conn, sql)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range rows {
		lines = append(lines, strings.Join(r, "|"))
	}
	return strings.Join(lines, "\n")
}
