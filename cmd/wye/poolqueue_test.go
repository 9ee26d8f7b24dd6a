package main

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestQueueIsFairAndComplete(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	holder := connect(t, dsn(addr))
	must(t, holder, "create sequence turn minvalue 0")
	defer must(t, holder, "drop sequence turn")
	must(t, holder, beginHere)
	const n = 20
	var clients sync.WaitGroup
	for i := range n {
		conn := connect(t, dsn(addr))
		clients.Go(func() {
			rows, err := run(conn, "select nextval('turn')")
			if err != nil || rows[0][0] != strconv.Itoa(i) {
				t.Errorf("client %d: %v %v", i, rows, err)
			}
		})
		eventually(t, "client in the queue", func() bool { return server.Snapshot().Pools[0].ClWaiting == i+1 })
	}
	must(t, holder, "commit")
	clients.Wait()
}

func TestManyClientsFewServers(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 3}"))
	var clients sync.WaitGroup
	pids := make(chan string, 3000)
	for i := range 100 {
		conn := connect(t, dsn(addr))
		clients.Go(func() {
			for k := range 20 {
				want := strconv.Itoa(i*1000 + k)
				rows, err := run(conn, "select "+want+", pg_backend_pid()")
				if err != nil || rows[0][0] != want {
					t.Errorf("client %d: %v %v", i, rows, err)
					return
				}
				pids <- rows[0][1]
			}
		})
	}
	clients.Wait()
	close(pids)
	servers := map[string]int{}
	for pid := range pids {
		servers[pid]++
	}
	if len(servers) > 3 {
		t.Errorf("%d server conns were used, the pool's size is 3", len(servers))
	}
}

func TestQueueTimeout(t *testing.T) {
	t.Parallel()
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1, queue_timeout: 1s}")) // long enough for a login
	conn := connect(t, dsn(addr))
	holder := connect(t, dsn(addr))
	must(t, holder, beginHere)
	check := func(e *pgconn.PgError) {
		t.Helper()
		if !strings.Contains(e.Hint, "queue_timeout") || !strings.Contains(e.Hint, "now 1") {
			t.Errorf("got %+v", e)
		}
	}
	for range 2 {
		began := time.Now()
		e := fails(t, conn, "select 1", "53300")
		check(e)
		if took := time.Since(began); e.Severity != "ERROR" || took < 990*time.Millisecond || took > 5*time.Second {
			t.Errorf("%s after %v", e.Severity, took)
		}
	}
	wantError(t, conn.ExecParams(t.Context(), "select 1", nil, nil, nil, nil).Read().Err, "53300")
	if conn.TxStatus() != 'I' {
		t.Errorf("status is %c", conn.TxStatus())
	}
	// At login nothing is known about a session with this setting yet.
	check(refused(t, dsn(addr, "work_mem=5MB")))
	if n := server.Snapshot().Pools[0].ClWaiting; n != 0 {
		t.Errorf("%d clients wait", n)
	}
	must(t, holder, "rollback")
	must(t, conn, "select 1")
}

// TestCancelInTheQueue: a client that waits for a server conn can be told to
// stop, too, while it waits in vain.
func TestCancelInTheQueue(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	holder, conn := connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, holder, beginHere)
	for range 3 {
		waiting := later(conn, "select 1")
		eventually(t, "client in the queue", func() bool { return server.Snapshot().Pools[0].ClWaiting == 1 })
		if err := conn.CancelRequest(soon(t, generous)); err != nil {
			t.Fatal(err)
		}
		if e := wantError(t, <-waiting, "57014"); e.Severity != "ERROR" {
			t.Errorf("severity is %s", e.Severity)
		}
	}
	must(t, holder, "select 1") // nobody else was cancelled
	must(t, holder, "commit")
	must(t, conn, "select 1")
}

// TestLoginStorm: many clients at once, none of them known yet.
func TestLoginStorm(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 3}"))
	var clients sync.WaitGroup
	for i := range 200 {
		clients.Go(func() {
			conn, err := pgconn.Connect(soon(t, 20*time.Second), dsn(addr, "application_name=storm"+strconv.Itoa(i%7)))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			rows, err := run(conn, "show application_name")
			if err != nil || rows[0][0] != "storm"+strconv.Itoa(i%7) {
				t.Errorf("client %d: %v %v", i, rows, err)
			}
		})
	}
	clients.Wait()
	calm(t, server, 0)
	if n := len(server.Snapshot().Servers); n > 3 {
		t.Errorf("%d server conns, the pool's size is 3", n)
	}
}
