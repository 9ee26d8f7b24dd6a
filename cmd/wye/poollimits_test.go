package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestReservePool(t *testing.T) {
	t.Parallel()
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1, reserve: 1, reserve_after: 300ms}"))
	conn, holder := connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, holder, beginHere)
	began := time.Now()
	must(t, conn, beginHere)
	if took := time.Since(began); took < 300*time.Millisecond || took > prompt {
		t.Errorf("the reserve was opened after %v", took)
	}
	third := connect(t, dsn(addr))
	done := make(chan error, 1)
	go func() { _, err := run(third, "select 1"); done <- err }()
	select {
	case err := <-done:
		t.Errorf("a third server conn: %v", err)
	case <-time.After(1500 * time.Millisecond):
	}
	must(t, conn, "commit")
	if err := <-done; err != nil {
		t.Error(err)
	}
	must(t, holder, "commit")
}

func TestPoolKeepsWithinItsLimits(t *testing.T) {
	t.Parallel()
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 6, min: 2, idle: 1s}", `
users:
  - {name: app, password: app}
  - {name: other, password: other, pool_size: 1}
`))
	open := func(user string) (n int) {
		for _, row := range server.Snapshot().Servers {
			if row.User == user {
				n++
			}
		}
		return n
	}
	var busy []*pgconn.PgConn
	for range 5 {
		conn := connect(t, dsn(addr))
		must(t, conn, beginHere)
		busy = append(busy, conn)
	}
	if n := open("app"); n != 5 {
		t.Errorf("%d server conns, want 5", n)
	}
	for _, conn := range busy {
		must(t, conn, "commit")
	}
	eventually(t, "unused conns are closed down to the minimum", func() bool { return open("app") == 2 })
	time.Sleep(1500 * time.Millisecond)
	if n := open("app"); n != 2 {
		t.Errorf("%d server conns, want the minimum of 2", n)
	}
	// A pool that was used once is filled to its minimum.
	a, b := connect(t, dsnOf(addr, "other", "app")), connect(t, dsnOf(addr, "other", "app"))
	must(t, a, beginHere)
	done := make(chan error, 1)
	go func() { _, err := run(b, "select 1"); done <- err }()
	time.Sleep(1500 * time.Millisecond)
	if n := open("other"); n != 1 {
		t.Errorf("%d server conns of a user with pool_size 1", n)
	}
	must(t, a, "commit")
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPoolFillsToMinimum(t *testing.T) {
	t.Parallel()
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 6, min: 3}"))
	if n := len(server.Snapshot().Servers); n != 0 {
		t.Errorf("%d server conns before anybody came", n)
	}
	must(t, connect(t, dsn(addr)), "select 1")
	eventually(t, "three server conns", func() bool { return len(server.Snapshot().Servers) == 3 })
	pid := server.Snapshot().Servers[0].RemotePID
	superuser(t, shared(t), fmt.Sprintf("select pg_terminate_backend(%d)", pid))
	eventually(t, "three server conns again", func() bool {
		rows := server.Snapshot().Servers
		for _, r := range rows {
			if r.RemotePID == pid {
				return false
			}
		}
		return len(rows) == 3
	})
}

func TestServerLifetime(t *testing.T) {
	t.Parallel()
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1, lifetime: 1s}"))
	conn := connect(t, dsn(addr))
	must(t, conn, beginHere)
	pid := must(t, conn, "select pg_backend_pid()")
	time.Sleep(2300 * time.Millisecond)
	if got := must(t, conn, "select pg_backend_pid()"); got != pid {
		t.Errorf("the server conn changed in a transaction, %s to %s", pid, got)
	}
	must(t, conn, "commit")
	if got := must(t, conn, "select pg_backend_pid()"); got == pid {
		t.Error("a server conn was reused beyond its lifetime")
	}
}
