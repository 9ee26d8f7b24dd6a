package main

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/proxy"
)

// drainIn drains in the background.
func drainIn(t *testing.T, server *proxy.Server, limit time.Duration) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- server.Drain(soon(t, limit)) }()
	return ended
}

func TestDrainLetsWorkEnd(t *testing.T) {
	c := shared(t)
	superuser(t, c, "create table if not exists drained (how text); grant all on drained to app")
	t.Cleanup(func() { superuser(t, c, "drop table drained") })
	server, addr := startProxy(t, c, wyeConfig("pool: {size: 10}"))

	idle, pinned := connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, pinned, "create temp table pinned (i int)")
	inTx, failedTx := connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, inTx, "begin; insert into drained values ('tx')")
	must(t, failedTx, "begin")
	fails(t, failedTx, "select nonsense", "42703")
	running := connect(t, dsn(addr))
	ran := make(chan error, 1)
	go func() { _, err := run(running, "select pg_sleep(0.5)"); ran <- err }()
	copying := hijack(t, dsn(addr))
	copying.Send(&pgproto3.Query{String: "copy drained from stdin"})
	copying.expect("G")
	copying.Send(&pgproto3.CopyData{Data: []byte("co")})
	_ = copying.Flush()
	batch := hijack(t, dsn(addr))
	batch.Send(&pgproto3.Parse{Query: "insert into drained values ('batch')"})
	batch.Send(&pgproto3.Bind{})
	batch.Send(&pgproto3.Execute{})
	batch.Send(&pgproto3.Flush{})
	batch.expect("1 2 C")
	long := hijack(t, dsn(addr))
	frame, _ := (&pgproto3.Query{String: "insert into drained values ('" + strings.Repeat("x", 300<<10) + "')"}).Encode(nil)
	half := hijack(t, dsn(addr)) // has sent half of a long row of a copy
	half.Send(&pgproto3.Query{String: "copy drained from stdin"})
	half.expect("G")
	row, _ := (&pgproto3.CopyData{Data: []byte(strings.Repeat("y", 300<<10) + "\n")}).Encode(nil)
	for conn, bytes := range map[net.Conn][]byte{long.conn: frame[:200<<10], half.conn: row[:200<<10]} {
		if _, err := conn.Write(bytes); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(50 * time.Millisecond)

	began := time.Now()
	ended := drainIn(t, server, 10*time.Second)
	if e := told(t, idle); e.Code != "57P01" || e.Severity != "FATAL" {
		t.Errorf("an idle client is told %s %s", e.Severity, e.Code)
	}
	if e := told(t, pinned); e.Code != "57P01" {
		t.Errorf("a pinned idle client is told %s", e.Code)
	}
	quick(t, began, prompt)
	if conn, err := net.Dial("tcp", addr); err == nil {
		_ = conn.Close()
		t.Error("wye still listens")
	}
	time.Sleep(100 * time.Millisecond)
	goodbye := func(c *rawClient) {
		t.Helper()
		if c.expect("E"); c.err.Code != "57P01" {
			t.Errorf("at the end: %+v", c.err)
		}
	}
	if err := <-ran; err != nil {
		t.Errorf("the query that was running: %v", err)
	}
	copying.Send(&pgproto3.CopyData{Data: []byte("py\n")})
	copying.Send(&pgproto3.CopyDone{})
	copying.expect("C Z")
	goodbye(copying)
	batch.Send(&pgproto3.Sync{})
	batch.expect("Z")
	goodbye(batch)
	_, _ = long.conn.Write(frame[200<<10:])
	long.expect("C Z")
	goodbye(long)
	_, _ = half.conn.Write(row[200<<10:])
	half.Send(&pgproto3.CopyDone{})
	half.expect("C Z")
	goodbye(half)
	must(t, inTx, "select 1")
	must(t, failedTx, "rollback")
	must(t, inTx, "insert into drained values ('tx'); commit")
	told(t, inTx)
	if err := <-ended; err != nil {
		t.Errorf("drain: %v", err)
	}
	got := asSuperuser(t, c, "select string_agg(substr(how, 1, 5), ',' order by how) from drained")
	if want := "batch,copy,tx,tx,xxxxx,yyyyy"; got != want {
		t.Errorf("committed %s, want %s", got, want)
	}
}

func TestDrainGivesUp(t *testing.T) {
	t.Parallel()
	server, addr := startProxy(t, shared(t), wyeConfig(""))
	conn := connect(t, dsn(addr))
	must(t, conn, beginHere)
	began := time.Now()
	if err := <-drainIn(t, server, 300*time.Millisecond); err != context.DeadlineExceeded {
		t.Errorf("drain: %v", err)
	}
	server.Close()
	quick(t, began, prompt)
	if e := told(t, conn); e.Code != "57P01" {
		t.Errorf("got %s", e.Code)
	}
}

// TestCloseInSpiteOf: whatever the peers do or do not do, Close returns.
func TestCloseInSpiteOf(t *testing.T) {
	c := shared(t)
	for name, prepare := range map[string]func(t *testing.T, addr string){
		"a client that does not read": func(t *testing.T, addr string) {
			conn := hijack(t, dsn(addr))
			conn.Send(&pgproto3.Query{String: "select repeat('x', 1000) from generate_series(1, 100000)"})
			_ = conn.Flush()
			time.Sleep(100 * time.Millisecond)
		},
		"a client that waits for a conn": func(t *testing.T, addr string) {
			holder, waiting := connect(t, dsn(addr)), hijack(t, dsn(addr))
			must(t, holder, beginHere)
			waiting.Send(&pgproto3.Query{String: "select 1"})
			_ = waiting.Flush()
			time.Sleep(50 * time.Millisecond)
			t.Cleanup(func() {
				if waiting.expect("E"); waiting.err.Code != "57P01" || waiting.err.Severity != "FATAL" {
					t.Errorf("got %s %s", waiting.err.Severity, waiting.err.Code)
				}
			})
		},
		"a query that runs": func(t *testing.T, addr string) {
			conn := hijack(t, dsn(addr))
			conn.Send(&pgproto3.Query{String: "select pg_sleep(1001)"})
			_ = conn.Flush()
			time.Sleep(50 * time.Millisecond)
			t.Cleanup(func() {
				if conn.expect("T E"); conn.err.Code != "57P01" || conn.err.Severity != "FATAL" {
					t.Errorf("got %s %s", conn.err.Severity, conn.err.Code)
				}
				eventually(t, "the server process ends", func() bool {
					return asSuperuser(t, c, "select count(*) from pg_stat_activity where query = 'select pg_sleep(1001)' and state = 'active'") == "0"
				})
			})
		},
		"half a login": func(t *testing.T, addr string) { knock(t, addr) },
		"half a copy": func(t *testing.T, addr string) {
			conn := hijack(t, dsn(addr))
			conn.Send(&pgproto3.Query{String: "copy (select 1) to stdout; create temp table cc (i int); copy cc from stdin"})
			conn.expect("H d c C C G")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, addr := startProxy(t, c, wyeConfig("pool: {size: 1}"))
			began := time.Now()
			prepare(t, addr)
			server.Close()
			quick(t, began, generous)
		})
	}
}

// TestCloseInSpiteOfFrozenServer uses a server that accepts, and then answers
// nothing at all.
func TestCloseInSpiteOfFrozenServer(t *testing.T) {
	t.Parallel()
	silent := fakeServer(t, func(b *pgproto3.Backend, conn net.Conn, sql string) bool {
		_, _ = conn.Read(make([]byte, 1)) // until the conn is closed
		return false
	})
	server, addr := startProxy(t, shared(t), strings.ReplaceAll(wyeConfig("pool: {size: 3}"), "{server}", silent))
	for i := range 3 {
		conn := hijack(t, dsn(addr))
		conn.Send(&pgproto3.Query{String: fmt.Sprintf("select %d", i)})
		_ = conn.Flush()
	}
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	server.Close()
	quick(t, began, generous)
}
