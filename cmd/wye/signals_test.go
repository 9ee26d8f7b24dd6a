package main

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestTermDrains(t *testing.T) {
	t.Parallel()
	c := shared(t)
	socket := filepath.Join(t.TempDir(), ".s.PGSQL.6432")
	p := startProcess(t, c, wyeConfig("", "listeners:\n  - {name: main, bind: \"127.0.0.1:0\"}\n  - {name: socket, bind: \"unix:"+socket+"\"}"))
	idle, inTx := connect(t, dsn(p.addr())), connect(t, dsn(p.addr(), "application_name=signal_term"))
	must(t, inTx, beginHere)
	p.signal(syscall.SIGTERM)
	if e := told(t, idle); e.Code != "57P01" {
		t.Errorf("an idle client is told %s", e.Code)
	}
	for network, addr := range map[string]string{"tcp": p.addr(), "unix": socket} {
		if conn, err := net.Dial(network, addr); err == nil {
			_ = conn.Close()
			t.Errorf("wye still listens on %s", addr)
		}
	}
	time.Sleep(300 * time.Millisecond)
	must(t, inTx, "select 1")
	must(t, inTx, "commit")
	p.exits(20*time.Second, 0)
	if _, err := os.Stat(socket); err == nil {
		t.Error("the socket's file is still there")
	}
	eventually(t, "server conns are closed", func() bool {
		return asSuperuser(t, c, "select count(*) from pg_stat_activity where application_name = 'signal_term'") == "0"
	})
}

func TestShutdownTimeout(t *testing.T) {
	t.Parallel()
	p := startProcess(t, shared(t), wyeConfig("", "process: {shutdown_timeout: 500ms}"))
	conn := connect(t, dsn(p.addr()))
	must(t, conn, "begin")
	began := time.Now()
	p.signal(syscall.SIGINT)
	p.exits(20*time.Second, 0)
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("ended after %v", took)
	}
	if e := told(t, conn); e.Code != "57P01" {
		t.Errorf("the client is told %s", e.Code)
	}
}

func TestSecondTermCutsShort(t *testing.T) {
	t.Parallel()
	p := startProcess(t, shared(t), wyeConfig(""))
	conn := connect(t, dsn(p.addr()))
	must(t, conn, "begin")
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		t.Fatal("the transaction was not waited for")
	case <-time.After(300 * time.Millisecond):
	}
	p.signal(syscall.SIGTERM)
	p.exits(20*time.Second, 0)
	if e := told(t, conn); e.Code != "57P01" {
		t.Errorf("the client is told %s", e.Code)
	}
}

func TestQuitIsAtOnce(t *testing.T) {
	t.Parallel()
	c := shared(t)
	p := startProcess(t, c, wyeConfig(""))
	conn := connect(t, dsn(p.addr()))
	ended := make(chan error, 1)
	go func() { _, err := run(conn, "select pg_sleep(1002)"); ended <- err }()
	running := "select count(*) from pg_stat_activity where query = 'select pg_sleep(1002)' and state = 'active'"
	eventually(t, "the query runs", func() bool { return asSuperuser(t, c, running) == "1" })
	p.signal(syscall.SIGQUIT)
	p.exits(20*time.Second, 0)
	wantError(t, <-ended, "57P01")
	eventually(t, "the query is cancelled", func() bool { return asSuperuser(t, c, running) == "0" })
}

func awaitPaused(t *testing.T, ops *pgconn.PgConn) {
	t.Helper()
	eventually(t, "paused", func() bool {
		rows, err := run(ops, "show databases")
		return err == nil && rows[0][15] == "1"
	})
}

func TestUsr1PausesUsr2Resumes(t *testing.T) {
	t.Parallel()
	p := startProcess(t, shared(t), wyeConfig(""))
	conn, inTx := connect(t, dsn(p.addr())), connect(t, dsn(p.addr()))
	must(t, inTx, beginHere)
	ops := connect(t, dsnOf(p.addr(), "ops", "pgbouncer"))
	p.signal(syscall.SIGUSR1)
	awaitPaused(t, ops)
	must(t, inTx, "select 1") // goes on until it ends
	done := make(chan error, 1)
	go func() { _, err := run(conn, "select 1"); done <- err }()
	select {
	case err := <-done:
		t.Fatalf("served while paused: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	must(t, inTx, "commit")
	p.signal(syscall.SIGUSR2)
	if err := <-done; err != nil {
		t.Error(err)
	}
	p.signal(syscall.SIGTERM)
	p.exits(20*time.Second, 0)
}

// TestTermWhilePaused: who waits for a paused pool must not hold up the end.
func TestTermWhilePaused(t *testing.T) {
	t.Parallel()
	p := startProcess(t, shared(t), wyeConfig(""))
	conn := connect(t, dsn(p.addr()))
	must(t, conn, "select 1")
	ops := connect(t, dsnOf(p.addr(), "ops", "pgbouncer"))
	p.signal(syscall.SIGUSR1)
	awaitPaused(t, ops)
	done := make(chan error, 1)
	go func() { _, err := run(conn, "select 1"); done <- err }()
	time.Sleep(100 * time.Millisecond)
	p.signal(syscall.SIGTERM)
	p.exits(20*time.Second, 0)
	wantError(t, <-done, "57P01")
}
