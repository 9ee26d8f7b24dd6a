package main

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestKillFromConsole(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, wyeConfig("pool: {size: 3}"))
	ops := openConsole(t, addr, "ops")
	idOf := func(name string) string {
		for _, row := range ops.show("clients") {
			if row["application_name"] == name {
				return row["id"]
			}
		}
		t.Fatalf("no client %s", name)
		return ""
	}
	idle := connect(t, dsn(addr, "application_name=kill_idle"))
	must(t, ops.PgConn, "kill_client "+idOf("kill_idle"))
	if e := told(t, idle); e.Code != "57P01" || e.Severity != "FATAL" {
		t.Errorf("got %s %s", e.Severity, e.Code)
	}
	busy := connect(t, dsn(addr, "application_name=kill_busy"))
	running := later(busy, "select pg_sleep(1005)")
	eventually(t, "it runs", func() bool {
		return asSuperuser(t, c, "select count(*) from pg_stat_activity where query = 'select pg_sleep(1005)' and state = 'active'") == "1"
	})
	began := time.Now()
	must(t, ops.PgConn, "kill_client "+idOf("kill_busy"))
	if e := wantError(t, <-running, "57P01"); e.Severity != "FATAL" {
		t.Errorf("got %s", e.Severity)
	}
	eventually(t, "the server has stopped", func() bool {
		return asSuperuser(t, c, "select count(*) from pg_stat_activity where query = 'select pg_sleep(1005)' and state = 'active'") == "0"
	})
	quick(t, began, prompt)
	fails(t, ops.PgConn, "kill_client 999999999", "42704")

	a, b, elsewhere := connect(t, dsn(addr)), connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, a, "begin")
	waiting := connect(t, dsn(addr))
	must(t, ops.PgConn, "kill app")
	for _, conn := range []*pgconn.PgConn{a, b, elsewhere, waiting} {
		if e := told(t, conn); e.Code != "57P01" {
			t.Errorf("got %s", e.Code)
		}
	}
	eventually(t, "everybody has left", func() bool { return ops.show("databases")[0]["current_client_connections"] == "0" })
	want(t, ops.show("databases")[0], map[string]string{"paused": "1"})
	must(t, ops.PgConn, "resume app")
	must(t, connect(t, dsn(addr)), "select 1")

	must(t, ops.PgConn, "disable app")
	stays := dsn(addr)
	if e := refused(t, stays); e.Code != "57P03" {
		t.Errorf("a disabled database: %s", e.Code)
	}
	must(t, ops.PgConn, "enable app")
	must(t, connect(t, dsn(addr)), "select 1")
}

func TestConsoleRights(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	conn := connect(t, dsn(addr))
	must(t, conn, "select 1")
	viewer := openConsole(t, addr, "other")
	viewer.show("pools")
	viewer.show("clients")
	verbs := []string{"pause", "resume", "reload", "shutdown", "kill app", "kill_client 1", "reconnect", "disable app", "suspend", "wait_close"}
	for _, verb := range verbs {
		fails(t, viewer.PgConn, verb, "42501")
	}
	// A user without a role sees nothing at all.
	nobody, err := pgconn.Connect(soon(t, generous), dsnOf(addr, "app", "pgbouncer"))
	if err == nil {
		for _, verb := range append(verbs, "show pools", "show config", "show clients", "show version") {
			fails(t, nobody, verb, "42501")
		}
		_ = nobody.Close(t.Context())
	} else {
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != "42501" && e.Code != "28000" {
			t.Errorf("got %v", err)
		}
	}
	if e := refused(t, dsnOf(addr, "nobody", "pgbouncer")); e.Code != "28P01" {
		t.Errorf("an unknown user: %s", e.Code)
	}
	must(t, conn, "select 1")
	select {
	case <-server.Ended():
		t.Error("someone without the right has ended wye")
	default:
	}
}

func TestShutdownFromConsole(t *testing.T) {
	t.Parallel()
	for verb, waits := range map[string]bool{"shutdown": false, "shutdown wait_for_servers": true, "shutdown wait_for_clients": true} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, shared(t), wyeConfig(""))
			ops, inTx := openConsole(t, p.addr(), "ops"), connect(t, dsn(p.addr()))
			must(t, inTx, "begin")
			if _, err := run(ops.PgConn, verb); err != nil {
				t.Errorf("%s: %v", verb, err)
			}
			if waits {
				time.Sleep(200 * time.Millisecond)
				must(t, inTx, "commit")
			}
			p.exits(20*time.Second, 0)
		})
	}
}
