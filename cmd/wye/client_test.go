package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// soon is a context that ends with the test, or after d.
func soon(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// dsn is a connection string of user app through wye; more is added to it.
func dsn(addr string, more ...string) string {
	return dsnOf(addr, "app", "app", more...)
}

func dsnOf(addr, user, database string, more ...string) string {
	host, port, _ := strings.Cut(addr, ":")
	return fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=disable connect_timeout=30 %s",
		host, port, user, user, database, strings.Join(more, " "))
}

// connect logs in, and closes the connection when the test ends.
func connect(t testing.TB, dsn string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(soon(t, generous), dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(soon(t, time.Second)) })
	return conn
}

// refused logs in in vain and returns the server's error.
func refused(t testing.TB, dsn string) *pgconn.PgError {
	t.Helper()
	conn, err := pgconn.Connect(soon(t, generous), dsn)
	if err == nil {
		_ = conn.Close(soon(t, time.Second))
		t.Fatalf("was let in with %s", dsn)
	}
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Fatalf("no answer: %v", err)
	}
	return e
}

// run runs SQL and returns the rows of its last result, as text.
func run(conn *pgconn.PgConn, sql string) ([][]string, error) {
	ctx, stop := context.WithTimeout(context.Background(), generous)
	defer stop()
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return nil, err
	}
	last := results[len(results)-1]
	rows := make([][]string, len(last.Rows))
	for i, r := range last.Rows {
		for _, v := range r {
			rows[i] = append(rows[i], string(v))
		}
	}
	return rows, last.Err
}

// must runs SQL that succeeds, and returns the first value.
func must(t testing.TB, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	rows, err := run(conn, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(rows) == 0 || len(rows[0]) == 0 {
		return ""
	}
	return rows[0][0]
}

// fails runs SQL and wants an error with that SQLSTATE.
func fails(t testing.TB, conn *pgconn.PgConn, sql, code string) *pgconn.PgError {
	t.Helper()
	_, err := run(conn, sql)
	return wantError(t, err, code)
}

func wantError(t testing.TB, err error, code string) *pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an error %s", err, code)
	}
	if e.Code != code {
		t.Fatalf("got %s %s %q, want %s", e.Severity, e.Code, e.Message, code)
	}
	return e
}

// wantClosed checks that the server side has closed the connection.
func wantClosed(t testing.TB, conn *pgconn.PgConn) {
	t.Helper()
	if _, err := run(conn, "select 1"); err == nil {
		t.Fatal("the connection goes on")
	}
}

// generous is how long a test waits for what takes milliseconds on a machine
// that has nothing else to do.
const generous = 60 * time.Second

// prompt is how long what happens at once may take on a busy machine; what a
// fault would bring about instead takes longer by far.
const prompt = 5 * time.Second

// eventually waits for a condition. Where that takes long it is looked at less
// and less often: many looks are a connection to a server each.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); {
		waited := time.Since(began)
		if waited > generous {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(min(max(5*time.Millisecond, waited/16), 100*time.Millisecond))
	}
}

// cancelled cancels what conn runs until that has ended, and returns how. A
// cancel request that is there before the statement hits nothing.
func cancelled(t testing.TB, conn *pgconn.PgConn, ended <-chan error) error {
	t.Helper()
	slowest := time.Duration(0)
	for n, end := 1, time.Now().Add(generous); ; n++ {
		began := time.Now()
		if err := conn.CancelRequest(soon(t, generous)); err != nil {
			t.Errorf("cancel: %v", err)
		}
		slowest = max(slowest, time.Since(began))
		select {
		case err := <-ended:
			return err
		case <-time.After(100 * time.Millisecond):
			if time.Now().After(end) {
				_ = conn.Conn().Close() // or whoever runs it and who cleans up would meet
				t.Fatalf("%d cancel requests, the slowest of %v, and it ended with %v", n, slowest, <-ended)
			}
		}
	}
}

// quick checks that something took no longer than it may.
func quick(t testing.TB, began time.Time, limit time.Duration) {
	t.Helper()
	if took := time.Since(began); took > limit {
		t.Errorf("took %v, want at most %v", took, limit)
	}
}
