package drivertest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
)

// LibPQ runs github.com/lib/pq, with text and with binary parameters.
func LibPQ(t *testing.T, target Target) {
	for _, binary := range []string{"no", "yes"} {
		t.Run("binary "+binary, func(t *testing.T) { libpqQueries(t, target, "binary_parameters="+binary) })
	}
	t.Run("transactions", func(t *testing.T) { libpqTransactions(t, target) })
	t.Run("settings", func(t *testing.T) { libpqSettings(t, target) })
	t.Run("session", func(t *testing.T) { libpqSession(t, target) })
	t.Run("copy", func(t *testing.T) { libpqCopy(t, target) })
	t.Run("cancel", func(t *testing.T) { libpqCancel(t, target) })
}

func libpqOpen(t *testing.T, target Target, params ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", target.URL(params...))
	must(t, "open", err)
	t.Cleanup(func() { db.Close() })
	return db
}

// libpqConn is one connection, as a client with state of its own needs it.
func libpqConn(t *testing.T, target Target, params ...string) *sql.Conn {
	t.Helper()
	conn, err := libpqOpen(t, target, params...).Conn(t.Context())
	must(t, "connect", err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

type rower interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func scan[T any](t *testing.T, db rower, query string, args ...any) T {
	t.Helper()
	var v T
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&v); err != nil {
		t.Errorf("%.80s: %v", query, err)
	}
	return v
}

func libpqQueries(t *testing.T, target Target, params string) {
	db := libpqOpen(t, target, params)
	db.SetMaxOpenConns(10)
	stmt, err := db.PrepareContext(t.Context(), "select $1::int + 1, $2::text")
	must(t, "prepare", err)
	defer stmt.Close()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for n := range 30 {
				var sum int
				var text string
				if err := stmt.QueryRow(i*100+n, "it's").Scan(&sum, &text); err != nil || sum != i*100+n+1 || text != "it's" {
					t.Errorf("prepared: %d %q %v", sum, text, err)
					return
				}
				same(t, "unprepared", scan[int](t, db, fmt.Sprintf("select $1::int * %d", n), i), i*n)
				same(t, "without parameters", scan[int](t, db, fmt.Sprintf("select %d", n)), n)
			}
		})
	}
	wg.Wait()
	same(t, "big", scan[int](t, db, "select length($1)", strings.Repeat("x", 5_000_000)), 5_000_000)
	same(t, "bytes", scan[[]byte](t, db, "select $1::bytea", []byte{0, 255, '\''}), []byte{0, 255, '\''})
	var list []int64
	must(t, "array", db.QueryRow("select $1::int[]", pq.Array([]int64{1, 2, 3})).Scan(pq.Array(&list)))
	same(t, "array", list, []int64{1, 2, 3})
	same(t, "many rows", scan[int](t, db, "select count(*) from (select generate_series(1, 50000)) x"), 50000)
	rows, err := db.Query("select 1; select 2")
	must(t, "two results", err)
	defer rows.Close()
	same(t, "first", rows.Next() && !rows.Next(), true)
	same(t, "second", rows.NextResultSet() && rows.Next(), true)
}

func libpqTransactions(t *testing.T, target Target) {
	db, table, ctx := libpqOpen(t, target), name("pq_tx"), background(t)
	_, err := db.Exec("create table " + table + " (i int primary key)")
	must(t, "create", err)
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable, ReadOnly: true})
	must(t, "begin", err)
	same(t, "isolation", scan[string](t, tx, "show transaction_isolation"), "serializable")
	_, err = tx.Exec("insert into " + table + " values (1)")
	refused(t, "read only", err, "25006")
	must(t, "rollback", tx.Rollback())
	tx, err = db.Begin()
	must(t, "begin", err)
	_, err = tx.Exec("insert into "+table+" values ($1)", 1)
	must(t, "insert", err)
	_, err = tx.Exec("insert into "+table+" values ($1)", 1)
	refused(t, "duplicate", err, "23505")
	_, err = tx.Exec("select 1")
	refused(t, "failed transaction", err, "25P02")
	must(t, "rollback", tx.Rollback())
	same(t, "rolled back", scan[int](t, db, "select count(*) from "+table), 0)
	_, err = db.Exec("select 1/0")
	refused(t, "division", err, "22012")
	_, err = db.Exec("drop table " + table)
	must(t, "drop", err)
}

func libpqSettings(t *testing.T, target Target) {
	var wg sync.WaitGroup
	for i, zone := range zones {
		// Keys that lib/pq does not know go into the startup packet as they are.
		conn := libpqConn(t, target, "application_name=pq", "work_mem="+fmt.Sprint(1024*(i+1)), "search_path=path_"+fmt.Sprint(i))
		wg.Go(func() {
			if _, err := conn.ExecContext(t.Context(), "set timezone = '"+zone+"'"); err != nil {
				t.Error(err)
				return
			}
			want := fmt.Sprintf("%s|path_%d|%dMB", zone, i, i+1)
			for range 200 {
				got := scan[string](t, conn, "select current_setting('timezone') || '|' || current_setting('search_path') || '|' || current_setting('work_mem')")
				if got != want {
					t.Errorf("settings: got %s, want %s", got, want)
					return
				}
			}
		})
	}
	wg.Wait()
}

func libpqSession(t *testing.T, target Target) {
	a, b := libpqConn(t, target), libpqConn(t, target)
	_, err := a.ExecContext(t.Context(), "create temp table t as select 1 as i")
	must(t, "temp table", err)
	_, err = b.ExecContext(t.Context(), "select * from t")
	refused(t, "temp table of another", err, "42P01")
	for range 20 {
		same(t, "temp table", scan[int](t, a, "select count(*) from t"), 1)
		same(t, "other client", scan[int](t, b, "select 1"), 1)
	}
	_, err = a.ExecContext(t.Context(), "discard all")
	must(t, "discard all", err)
	listener := pq.NewListener(target.URL(), time.Second, time.Second, nil)
	defer listener.Close()
	must(t, "listen", listener.Listen(name("pq_chan")))
	_, err = b.ExecContext(t.Context(), "select pg_notify($1, 'hello')", name("pq_chan"))
	must(t, "notify", err)
	select {
	case n := <-listener.Notify:
		same(t, "notification", n.Extra, "hello")
	case <-time.After(10 * time.Second):
		t.Error("no notification")
	}
	must(t, "ping of a listener", listener.Ping())
}

func libpqCopy(t *testing.T, target Target) {
	db, table := libpqOpen(t, target), name("pq_copy")
	_, err := db.Exec("create table " + table + " (i int, t text)")
	must(t, "create", err)
	tx, err := db.Begin()
	must(t, "begin", err)
	stmt, err := tx.Prepare("copy " + table + " (i, t) from stdin")
	must(t, "copy", err)
	for i := range 20000 {
		_, err := stmt.Exec(i, fmt.Sprintf("row\t%d", i))
		must(t, "row", err)
	}
	_, err = stmt.Exec()
	must(t, "flush", err)
	must(t, "close", stmt.Close())
	must(t, "commit", tx.Commit())
	same(t, "copied", scan[int](t, db, "select count(*) from "+table), 20000)
	_, err = db.Exec("drop table " + table)
	must(t, "drop", err)
}

func libpqCancel(t *testing.T, target Target) {
	db := libpqOpen(t, target)
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := db.ExecContext(ctx, "select pg_sleep(20)"); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("cancel: %v after %v", err, time.Since(begun))
	}
	same(t, "still there", scan[int](t, db, "select 1"), 1)
}
