package main

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestQueryTimeout(t *testing.T) {
	c := shared(t)
	server, addr := startProxy(t, c, wyeConfig("pool: {size: 2}, timeouts: {query: 250ms}", `
users:
  - {name: app, password: app}
  - {name: other, password: other, query_timeout: 0s}
`))
	conn := connect(t, dsn(addr))
	for _, inTx := range []bool{false, true} {
		if inTx {
			must(t, conn, "begin")
		}
		began := time.Now()
		e := fails(t, conn, "select pg_sleep(10)", "57014")
		if took := time.Since(began); e.Severity != "ERROR" || took < 240*time.Millisecond || took > prompt {
			t.Errorf("%s after %v", e.Severity, took)
		}
		if inTx {
			fails(t, conn, "select 1", "25P02")
			must(t, conn, "rollback")
		}
		must(t, conn, "select 1")
	}
	began := time.Now()
	wantError(t, conn.ExecParams(t.Context(), "select pg_sleep($1)", [][]byte{[]byte("10")}, nil, nil, nil).Read().Err, "57014")
	quick(t, began, prompt)

	// A transaction may last longer, and each statement has its own time.
	must(t, conn, "begin")
	for range 4 {
		must(t, conn, "select pg_sleep(0.1)")
	}
	must(t, conn, "commit")
	must(t, connect(t, dsnOf(addr, "other", "app")), "select pg_sleep(0.5)")
	for _, row := range server.Snapshot().Servers {
		if row.State != "idle" {
			t.Errorf("server conn %d is %s", row.ID, row.State)
		}
	}
}

// TestQueryTimeoutOfOpenBatch: a client that has asked for an answer and
// leaves its batch open is not bombarded with cancel requests.
func TestQueryTimeoutOfOpenBatch(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, wyeConfig("timeouts: {query: 150ms}"))
	conn := hijack(t, dsn(addr))
	conn.Send(&pgproto3.Parse{Query: "select 1"})
	conn.Send(&pgproto3.Bind{})
	conn.Send(&pgproto3.Execute{})
	conn.Send(&pgproto3.Flush{})
	conn.expect("1 2 D C")
	time.Sleep(600 * time.Millisecond)
	conn.Send(&pgproto3.Sync{})
	conn.expect("Z")
	conn.Send(&pgproto3.Query{String: "select 2"})
	conn.expect("T D C Z")
}

func TestTransactionTimeouts(t *testing.T) {
	c := shared(t)
	for _, tt := range []struct{ cfg, code, message string }{
		{"timeouts: {idle_in_transaction: 250ms}", "25P03", "idle-in-transaction timeout"},
		{"timeouts: {transaction: 250ms}", "25P04", "transaction timeout"},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			server, addr := startProxy(t, c, wyeConfig("pool: {size: 1}, "+tt.cfg))
			next, conn := connect(t, dsn(addr)), connect(t, dsn(addr))
			began := time.Now() // of the transaction, whose limit counts from there
			must(t, conn, "begin")
			table := "timeout_" + strings.ToLower(tt.code)
			must(t, conn, "create table "+table+" (i int)")
			e := told(t, conn)
			if took := time.Since(began); took < 200*time.Millisecond || took > prompt {
				t.Errorf("ended after %v", took)
			}
			if e.Code != tt.code || e.Severity != "FATAL" || !strings.Contains(e.Message, tt.message) {
				t.Errorf("got %s %s %s", e.Severity, e.Code, e.Message)
			}
			if got := must(t, next, "select to_regclass('"+table+"') is null"); got != "t" {
				t.Error("the transaction was committed")
			}
			if n := len(server.Snapshot().Clients); n != 1 {
				t.Errorf("%d clients, want 1", n)
			}

			// Failed transactions are transactions, too.
			conn = connect(t, dsn(addr))
			must(t, conn, "begin")
			fails(t, conn, "select nonsense", "42703")
			if e := told(t, conn); e.Code != tt.code {
				t.Errorf("in a failed transaction: %s", e.Code)
			}
			must(t, next, "select 1")
		})
	}
	t.Run("busy transaction", func(t *testing.T) {
		t.Parallel()
		_, addr := startProxy(t, c, wyeConfig("timeouts: {idle_in_transaction: 1s, client_idle: 1s}"))
		conn := connect(t, dsn(addr))
		must(t, conn, "begin")
		must(t, conn, "select pg_sleep(1.4)")
		for range 5 {
			must(t, conn, "select 1")
			time.Sleep(100 * time.Millisecond)
		}
		must(t, conn, "commit")
	})
	t.Run("busy too long", func(t *testing.T) {
		t.Parallel()
		_, addr := startProxy(t, c, wyeConfig("pool: {size: 1}, timeouts: {transaction: 300ms}"))
		conn, next := connect(t, dsn(addr)), connect(t, dsn(addr))
		must(t, conn, "begin")
		began := time.Now()
		e := fails(t, conn, "select pg_sleep(10)", "25P04")
		if e.Severity != "FATAL" {
			t.Errorf("severity is %s", e.Severity)
		}
		quick(t, began, prompt)
		must(t, next, "select 1")
		quick(t, began, prompt)
	})
}

func TestClientIdleTimeout(t *testing.T) {
	t.Parallel()
	_, addr := startProxy(t, shared(t), wyeConfig("timeouts: {client_idle: 1s}"))
	conn, busy := connect(t, dsn(addr)), connect(t, dsn(addr))
	began := time.Now()
	for time.Since(began) < 1500*time.Millisecond {
		must(t, busy, "select pg_sleep(0.05)")
	}
	if e := told(t, conn); e.Code != "57P05" || e.Severity != "FATAL" {
		t.Errorf("got %s %s", e.Severity, e.Code)
	}
	// A client's time begins when it is in, however long the process has run.
	fresh := connect(t, dsn(addr))
	time.Sleep(300 * time.Millisecond) // longer than from one look to the next
	must(t, fresh, "select 1")

	must(t, busy, "begin")
	time.Sleep(1500 * time.Millisecond)
	must(t, busy, "commit") // another limit's business
	pinned := connect(t, dsn(addr))
	must(t, pinned, "create temp table idle_pinned (i int)")
	if e := told(t, pinned); e.Code != "57P05" {
		t.Errorf("a pinned client: got %s", e.Code)
	}
	must(t, connect(t, dsn(addr)), "select pg_sleep(1.5)")
}
