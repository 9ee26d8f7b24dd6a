package main

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// hijackBoth logs in and keeps what is needed to cancel.
func hijackBoth(t *testing.T, dsn string) (*rawClient, *pgconn.PgConn) {
	t.Helper()
	conn := connect(t, dsn)
	return &rawClient{Frontend: conn.Frontend(), t: t, conn: conn.Conn()}, conn
}

// TestCopyIsCancelled: a copy that waits for its client ends at once when it
// is cancelled, from wherever that comes, and what the client sends then is
// nobody's.
func TestCopyIsCancelled(t *testing.T) {
	c := shared(t)
	superuser(t, c, "create table copied (i int); grant all on copied to app")
	t.Cleanup(func() { superuser(t, c, "drop table copied") })
	server, addr := startProxy(t, c, wyeConfig("pool: {size: 1}, timeouts: {query: 400ms}"))
	next := connect(t, dsn(addr))
	for name, extended := range map[string]bool{"simple": false, "extended": true} {
		for _, byTimeout := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				conn, canceller := hijackBoth(t, dsn(addr))
				if extended {
					conn.call("copy copied from stdin")
					conn.Send(&pgproto3.Sync{})
					conn.expect("1 2 G")
				} else {
					conn.Send(&pgproto3.Query{String: "copy copied from stdin"})
					conn.expect("G")
				}
				conn.Send(&pgproto3.CopyData{Data: []byte("1\n2\n")})
				_ = conn.Flush()
				time.Sleep(30 * time.Millisecond)
				if !byTimeout {
					if err := canceller.CancelRequest(soon(t, generous)); err != nil {
						t.Fatal(err)
					}
				}
				// The server says so at once, or with the next data.
				conn.Send(&pgproto3.CopyData{Data: []byte("3\n")})
				if byTimeout {
					time.Sleep(600 * time.Millisecond)
				}
				conn.Send(&pgproto3.CopyData{Data: []byte("4\n")})
				conn.Send(&pgproto3.CopyDone{})
				if extended {
					conn.Send(&pgproto3.Sync{})
				}
				conn.expect("E Z")
				if conn.err.Code != "57014" {
					t.Errorf("got %s %s", conn.err.Code, conn.err.Message)
				}
				conn.Send(&pgproto3.Query{String: "select 1"})
				conn.expect("T D C Z")
				if got := must(t, next, "select count(*) from copied"); got != "0" {
					t.Errorf("%s rows", got)
				}
				_ = conn.conn.Close()
				calm(t, server, 1)
			})
		}
	}
}

// TestCopyOutIsCancelled while the client takes its time.
func TestCopyOutIsCancelled(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	conn, canceller := hijackBoth(t, dsn(addr))
	conn.Send(&pgproto3.Query{String: "copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout"})
	conn.expect("H d")
	time.Sleep(50 * time.Millisecond) // all buffers are full
	if err := canceller.CancelRequest(soon(t, generous)); err != nil {
		t.Fatal(err)
	}
	got := conn.pipelined(1)
	if got["E"] != 1 || got["c"] != 0 || got["d"] > 900000 {
		t.Errorf("got %v", got)
	}
	conn.Send(&pgproto3.Query{String: "select 1"})
	conn.expect("T D C Z")
	_ = conn.conn.Close()
	calm(t, server, 0)
}

// TestListenerIsTold: a client that only listens hears of all that ends it.
func TestListenerIsTold(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, wyeConfig("pool: {size: 5}"))
	ops := openConsole(t, addr, "ops")
	listen := func(name string) *pgconn.PgConn {
		conn := connect(t, dsn(addr, "application_name="+name))
		must(t, conn, "listen told")
		return conn
	}
	terminated, killed, hears := listen("terminated"), listen("killed"), listen("hears")
	pid := must(t, terminated, "select pg_backend_pid()")
	superuser(t, c, "select pg_terminate_backend("+pid+", 5000)")
	if e := told(t, terminated); e.Code != "57P01" || e.Severity != "FATAL" {
		t.Errorf("got %s %s", e.Severity, e.Code)
	}
	for _, row := range ops.show("clients") {
		if row["application_name"] == "killed" {
			must(t, ops.PgConn, "kill_client "+row["id"])
		}
	}
	if e := told(t, killed); e.Code != "57P01" {
		t.Errorf("got %s", e.Code)
	}
	superuser(t, c, "notify told, 'something'")
	began := time.Now()
	if err := hears.WaitForNotification(soon(t, generous)); err != nil {
		t.Error(err)
	}
	quick(t, began, prompt)
	must(t, hears, "unlisten *")
	if got := must(t, hears, "select count(*) from pg_listening_channels()"); !strings.HasPrefix(got, "0") {
		t.Errorf("%s channels", got)
	}
}
