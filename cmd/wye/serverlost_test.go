package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// quickRetry is for tests that want to see what happens when a server is
// given up, and not wait for it.
const quickRetry = "pool: {size: 5, login_retry: 20ms}, failover: {buffer: {window: 100ms}}"

func TestServerProcessTerminated(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, wyeConfig(quickRetry))

	t.Run("idle in the pool", func(t *testing.T) {
		conn := connect(t, dsn(addr))
		pid := must(t, conn, "select pg_backend_pid()")
		superuser(t, c, "select pg_terminate_backend("+pid+", 5000)")
		for range 5 {
			if got := must(t, conn, "select pg_backend_pid()"); got == pid {
				t.Error("a dead server process answers")
			}
		}
	})
	t.Run("in the middle of a query", func(t *testing.T) {
		conn := connect(t, dsn(addr))
		terminateSoon(t, c.Primary.SuperuserURL("postgres"), "pg_sleep(11)")
		e := fails(t, conn, "select pg_sleep(11)", "57P01")
		if e.Severity != "ERROR" {
			t.Errorf("severity is %s, but the client stays", e.Severity)
		}
		must(t, conn, "select 1")
	})
	t.Run("in the middle of an extended query", func(t *testing.T) {
		conn := connect(t, dsn(addr))
		terminateSoon(t, c.Primary.SuperuserURL("postgres"), "pg_sleep($1)")
		res := conn.ExecParams(t.Context(), "select pg_sleep($1)", [][]byte{[]byte("12")}, nil, nil, nil).Read()
		wantError(t, res.Err, "57P01")
		must(t, conn, "select 1")
	})
	t.Run("in a transaction", func(t *testing.T) {
		conn := connect(t, dsn(addr))
		must(t, conn, "begin")
		terminateSoon(t, c.Primary.SuperuserURL("postgres"), "pg_sleep(13)")
		if e := fails(t, conn, "select pg_sleep(13)", "40001"); e.Severity != "ERROR" {
			t.Errorf("severity is %s, but the client stays", e.Severity)
		}
		fails(t, conn, "select 1", "25P02")
		must(t, conn, "commit") // which PostgreSQL answers with ROLLBACK
		must(t, conn, "select 1")
	})
	t.Run("idle in a transaction", func(t *testing.T) {
		lost := func() *pgconn.PgConn {
			conn := connect(t, dsn(addr))
			must(t, conn, "begin")
			must(t, conn, "create table if not exists lost_with_the_server (i int)")
			pid := must(t, conn, "select pg_backend_pid()")
			superuser(t, c, "select pg_terminate_backend("+pid+", 5000)")
			return conn
		}
		// What the client does next hears of it, a COMMIT above all.
		for _, sql := range []string{"commit", "insert into lost_with_the_server values (1)", "begin", "savepoint a"} {
			conn := lost()
			fails(t, conn, sql, "40001")
			if sql != "commit" {
				fails(t, conn, "select 1", "25P02")
				must(t, conn, "rollback")
			}
			if got := must(t, conn, "select to_regclass('lost_with_the_server') is null"); got != "t" {
				t.Errorf("after %s the transaction was committed", sql)
			}
		}
		conn := lost()
		must(t, conn, "rollback") // as it wanted
		must(t, conn, "select 1")

		for _, sql := range []string{"commit", "select $1::int"} {
			conn = lost()
			var args [][]byte
			if sql != "commit" {
				args = [][]byte{[]byte("1")}
			}
			wantError(t, conn.ExecParams(t.Context(), sql, args, nil, nil, nil).Read().Err, "40001")
			if conn.TxStatus() != 'E' {
				t.Errorf("the client was told status %c", conn.TxStatus())
			}
			for _, end := range []string{"rollback", "select 1"} {
				if err := conn.ExecParams(t.Context(), end, nil, nil, nil, nil).Read().Err; err != nil {
					t.Errorf("%s: %v", end, err)
				}
			}
		}
	})
	t.Run("pinned", func(t *testing.T) {
		conn := connect(t, dsn(addr))
		must(t, conn, "create temp table gone_with_the_server (i int)")
		pid := must(t, conn, "select pg_backend_pid()")
		superuser(t, c, "select pg_terminate_backend("+pid+", 5000)")
		if e := told(t, conn); e.Code != "57P01" {
			t.Errorf("the client was told %v", e)
		}
	})
	t.Run("in a pipeline", func(t *testing.T) {
		conn := connect(t, dsn(addr))
		terminateSoon(t, c.Primary.SuperuserURL("postgres"), "pg_sleep(14)")
		p := conn.StartPipeline(soon(t, generous))
		for _, sql := range []string{"select 1", "select pg_sleep(14)", "select 2"} {
			p.SendQueryParams(sql, nil, nil, nil, nil)
			p.SendPipelineSync()
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		var failed error
		for failed == nil {
			var r any
			if r, failed = p.GetResults(); failed == nil {
				if reader, ok := r.(*pgconn.ResultReader); ok {
					_, failed = reader.Close()
				}
			}
		}
		_ = p.Close()
		if e := wantError(t, failed, "57P01"); e.Severity != "FATAL" {
			t.Errorf("severity is %s: two more answers are owed, and nobody knows what became of them", e.Severity)
		}
	})
}

// terminateSoon ends the server process that runs the query, once it runs.
func terminateSoon(t *testing.T, url, query string) {
	t.Helper()
	conn, err := pgconn.Connect(soon(t, generous), url)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			rows, err := run(conn, "select pg_terminate_backend(pid, 5000) from pg_stat_activity where pid <> pg_backend_pid() and state = 'active' and query like '%"+query+"%'")
			if err != nil || len(rows) > 0 || i == 1000 {
				if i == 1000 {
					err = fmt.Errorf("%s does not run", query)
				}
				ended <- err
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = conn.Close(t.Context())
	})
}

// told waits for what an idle client is told before its connection ends.
func told(t *testing.T, conn *pgconn.PgConn) *pgconn.PgError {
	t.Helper()
	err := conn.WaitForNotification(soon(t, generous))
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Fatalf("the client was told %v", err)
	}
	if !conn.IsClosed() {
		wantClosed(t, conn)
	}
	return e
}
