package main

import (
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// BEGIN is answered without a server, and reaches one with the first
// statement of the transaction.
func TestBeginNeedsNoServer(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	conn, other := connect(t, dsn(addr)), connect(t, dsn(addr))
	for _, begin := range []string{"begin", "START TRANSACTION ISOLATION LEVEL REPEATABLE READ", "begin; "} {
		must(t, conn, begin)
		must(t, other, "begin")
		must(t, other, "select 1") // the only server conn is free
		must(t, other, "commit")
		if got := conn.TxStatus(); got != 'T' {
			t.Errorf("%s: status %c", begin, got)
		}
		must(t, conn, "create temp table begun (i int) on commit drop")
		must(t, conn, "insert into begun values (1)")
		if got := must(t, conn, "select count(*) from begun"); got != "1" {
			t.Errorf("%s: %s rows: it was no transaction", begin, got)
		}
		must(t, conn, "rollback")
	}
	must(t, conn, "begin isolation level serializable")
	if got := must(t, conn, "show transaction_isolation"); got != "serializable" {
		t.Errorf("the transaction is %s", got)
	}
	must(t, conn, "commit")
	must(t, conn, "begin")
	fails(t, conn, "select nonsense", "42703")
	fails(t, conn, "select 1", "25P02")
	must(t, conn, "commit")
	for range 3 {
		must(t, conn, "begin")
		must(t, conn, "rollback")
	}
	if n := len(server.Snapshot().Servers); n != 1 {
		t.Errorf("%d server conns", n)
	}
}

// A BEGIN that the server refuses takes what follows with it: nothing runs
// outside of the transaction that the client believes in.
func TestBeginRefused(t *testing.T) {
	t.Parallel()
	c := testpg.Start(t, testpg.Options{Name: "begin", Replicas: 1})
	ctx := soon(t, time.Minute)
	if err := c.Replicas[0].WaitCaughtUp(ctx, c.Primary); err != nil {
		t.Fatal(err)
	}
	_, addr := startProxy(t, c, `
clusters:
  app: {nodes: ["`+c.Replicas[0].Addr()+`"], database: "{db}", backend: {tls: {mode: disable}}}
users: [{name: app, password: app}]
listeners: [{name: main, bind: "127.0.0.1:0"}]
`)
	conn := connect(t, dsn(addr))
	for _, sql := range []string{"select 1", "select pg_advisory_lock(5)"} {
		must(t, conn, "begin read write")
		fails(t, conn, sql, "0A000")
		if got := conn.TxStatus(); got != 'E' {
			t.Errorf("status %c", got)
		}
		fails(t, conn, "select 1", "25P02")
		must(t, conn, "rollback")

		must(t, conn, "begin read write")
		wantError(t, conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read().Err, "0A000")
		if got := conn.TxStatus(); got != 'E' {
			t.Errorf("extended: status %c", got)
		}
		must(t, conn, "rollback")
	}
	if got := must(t, conn, "select count(*) from pg_locks where locktype = 'advisory'"); got != "0" {
		t.Error("a statement ran outside of its transaction")
	}
}
