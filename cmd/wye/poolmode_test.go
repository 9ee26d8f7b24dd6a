package main

import (
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestSessionMode(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {mode: session, size: 1}"))
	first := connect(t, dsn(addr, "application_name=first"))
	pid := must(t, first, "select pg_backend_pid()")
	if got := first.PID(); pid != strconv.Itoa(int(got)) {
		t.Errorf("the client was given pid %d, pg_backend_pid() is %s", got, pid)
	}
	for _, sql := range []string{
		"create temp table kept (i int)", "insert into kept values (7)", "set work_mem = '9MB'", "prepare p as select 3",
		"listen kept", "select pg_advisory_lock(4711)", "select setseed(0.5)", "set role none",
		"declare c cursor with hold for select 8", "begin", "insert into kept values (8)",
	} {
		must(t, first, sql)
	}
	if _, err := first.Prepare(t.Context(), "protocol", "select 4", nil); err != nil {
		t.Fatal(err)
	}
	must(t, first, "rollback")
	for sql, want := range map[string]string{
		"select sum(i) from kept": "7", "show work_mem": "9MB", "execute p": "3", "execute protocol": "4",
		"select pg_backend_pid()": pid, "select * from pg_listening_channels()": "kept", "fetch c": "8",
		"show application_name": "first",
	} {
		if got := must(t, first, sql); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}

	// The next client gets the same server process, clean; it waits for it.
	second := make(chan *pgconn.PgConn, 1)
	go func() {
		conn, err := pgconn.Connect(soon(t, generous), dsn(addr))
		if err != nil {
			t.Error(err)
		}
		second <- conn
	}()
	time.Sleep(50 * time.Millisecond)
	must(t, first, beginHere)
	must(t, first, "create table half_done (i int)")
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := <-second
	if next == nil {
		return
	}
	defer next.Close(t.Context())
	if strconv.Itoa(int(next.PID())) != must(t, next, "select pg_backend_pid()") {
		t.Error("the second client's pid is not pg_backend_pid()")
	}
	for sql, want := range map[string]string{
		"show work_mem": "4MB",
		"select count(*) from pg_prepared_statements":                                          "0",
		"select count(*) from pg_listening_channels()":                                         "0",
		"select count(*) from pg_cursors":                                                      "0",
		"select to_regclass('kept') is null":                                                   "t",
		"select to_regclass('half_done') is null":                                              "t",
		"show application_name":                                                                "",
		"select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()": "0",
	} {
		if got := must(t, next, sql); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
}

// TestSessionModeOfOneUser: the user's mode overrides the cluster's.
func TestSessionModeOfOneUser(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}", `
users:
  - {name: app, password: app}
  - {name: other, password: other, pool_mode: session}
`))
	app, other := connect(t, dsn(addr)), connect(t, dsnOf(addr, "other", "app"))
	if got := must(t, other, "select pg_backend_pid()"); got != strconv.Itoa(int(other.PID())) {
		t.Errorf("other: pid %d, server %s", other.PID(), got)
	}
	if got := must(t, app, "select pg_backend_pid()"); got == strconv.Itoa(int(app.PID())) {
		t.Errorf("app got the server's own pid %s in transaction mode", got)
	}
}

func TestTransactionModeShares(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	a, b := connect(t, dsn(addr, "application_name=a")), connect(t, dsn(addr, "application_name=b"))
	must(t, a, "set work_mem = '5MB'")
	must(t, b, "set work_mem = '6MB'")
	if must(t, a, "select pg_backend_pid()") != must(t, b, "select pg_backend_pid()") {
		t.Error("two server processes, but the pool's size is 1")
	}
	for conn, want := range map[*pgconn.PgConn][2]string{a: {"5MB", "a"}, b: {"6MB", "b"}} {
		if got := must(t, conn, "show work_mem"); got != want[0] {
			t.Errorf("work_mem is %s, want %s", got, want[0])
		}
		if got := must(t, conn, "show application_name"); got != want[1] {
			t.Errorf("application_name is %s, want %s", got, want[1])
		}
	}
	// A transaction keeps its server conn; the other waits for its end.
	must(t, a, beginHere)
	waited := make(chan error, 1)
	go func() { _, err := run(b, "select 1"); waited <- err }()
	select {
	case err := <-waited:
		t.Fatalf("b was served in the middle of a's transaction: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	must(t, a, "commit")
	if err := <-waited; err != nil {
		t.Error(err)
	}
}

func TestStatementMode(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {mode: statement, size: 2}"))
	conn, another := connect(t, dsn(addr)), connect(t, dsn(addr))
	for _, sql := range []string{"begin", "start transaction read only", "select 1; begin; select 2"} {
		e := fails(t, conn, sql, "0A000")
		if e.Severity != "ERROR" || e.Hint == "" {
			t.Errorf("%s: %+v", sql, e)
		}
		if conn.TxStatus() != 'I' {
			t.Errorf("%s: the client is told status %c", sql, conn.TxStatus())
		}
		must(t, another, "select 1")
	}
	res := conn.ExecParams(t.Context(), "begin", nil, nil, nil, nil).Read()
	wantError(t, res.Err, "0A000")
	must(t, conn, "create table if not exists statement_mode (i int)")
	fails(t, conn, "begin; insert into statement_mode values (1)", "0A000")
	if n := must(t, conn, "select count(*) from statement_mode"); n != "0" {
		t.Errorf("%s rows of a refused transaction stayed", n)
	}
	must(t, conn, "begin; insert into statement_mode values (1); commit") // ends where it began
	must(t, conn, "set work_mem = '7MB'")
	if got := must(t, conn, "show work_mem"); got != "7MB" {
		t.Errorf("work_mem is %s", got)
	}
	if n := must(t, another, "select count(*) from statement_mode"); n != "1" {
		t.Errorf("%s rows", n)
	}
	must(t, conn, "drop table statement_mode")
}

// beginHere begins a transaction on a server: BEGIN alone is answered without
// one, and holds no server conn.
const beginHere = "begin; select 1"
