package main

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestPauseAndResume(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}"))
	ops, second := openConsole(t, addr, "ops"), openConsole(t, addr, "ops")
	inTx, conn := connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, inTx, beginHere)
	paused := later(ops.PgConn, "pause app")
	still(t, "PAUSE", paused)
	query := later(conn, "select 1")
	still(t, "a query while paused", query)
	login := make(chan error, 1)
	go func() {
		conn, err := pgconn.Connect(soon(t, generous), dsn(addr))
		if err == nil {
			_, err = run(conn, "select 1")
			_ = conn.Close(t.Context())
		}
		login <- err
	}()
	still(t, "the first query of a new client", login)
	must(t, inTx, "select 1")
	must(t, inTx, "commit")
	if err := <-paused; err != nil {
		t.Fatalf("PAUSE: %v", err)
	}
	want(t, second.show("databases")[0], map[string]string{"paused": "1", "current_connections": "0"})
	still(t, "a query while paused", query)
	must(t, second.PgConn, "resume app")
	for what, done := range map[string]<-chan error{"query": query, "login": login} {
		if err := <-done; err != nil {
			t.Errorf("%s after RESUME: %v", what, err)
		}
	}
	fails(t, second.PgConn, "resume app", "55000")
	fails(t, second.PgConn, "pause nosuch", "3D000")

	// A cancelled PAUSE has not happened.
	must(t, inTx, beginHere)
	paused = later(ops.PgConn, "pause")
	query = later(conn, "select 1")
	still(t, "PAUSE", paused)
	if err := ops.CancelRequest(soon(t, generous)); err != nil {
		t.Fatal(err)
	}
	wantError(t, <-paused, "57014")
	if err := <-query; err != nil {
		t.Error(err)
	}
	want(t, second.show("databases")[0], map[string]string{"paused": "0"})

	// Nor has one whose client left.
	third := openConsole(t, addr, "ops")
	paused = later(third.PgConn, "pause")
	still(t, "PAUSE", paused)
	_ = third.Conn().Close()
	<-paused
	eventually(t, "not paused", func() bool { return second.show("databases")[0]["paused"] == "0" })
	must(t, conn, "select 1")
	must(t, inTx, "commit")
}

func TestReconnectAndWaitClose(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 3}"))
	ops := openConsole(t, addr, "ops")
	conn, inTx := connect(t, dsn(addr)), connect(t, dsn(addr))
	busy := must(t, inTx, "begin; select pg_backend_pid()")
	old := must(t, conn, "select pg_backend_pid()")
	must(t, ops.PgConn, "reconnect app")
	if got := must(t, conn, "select pg_backend_pid()"); got == old || got == busy {
		t.Errorf("server process %s is still used", got)
	}
	closing := later(ops.PgConn, "wait_close app")
	still(t, "WAIT_CLOSE", closing)
	if got := must(t, inTx, "select pg_backend_pid()"); got != busy {
		t.Error("RECONNECT cut a transaction")
	}
	must(t, inTx, "commit")
	if err := <-closing; err != nil {
		t.Error(err)
	}
	for range 4 {
		if got := must(t, inTx, "select pg_backend_pid()"); got == busy {
			t.Errorf("server process %s is still used", got)
		}
	}
}
