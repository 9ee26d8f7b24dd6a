package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReloadMovesToAnotherServer(t *testing.T) {
	from, to := shared(t), victim(t)
	p := startProcess(t, from, wyeConfig("", reloadUsers))
	idle, inTx := connect(t, dsn(p.addr())), connect(t, dsn(p.addr()))
	must(t, idle, "set work_mem = '7MB'")
	must(t, inTx, beginHere)
	where := "select current_setting('cluster_name')"
	if got := must(t, idle, where); got != from.Primary.ClusterName() {
		t.Errorf("at %s", got)
	}
	p.reload(to, wyeConfig("", reloadUsers), true)
	if got := must(t, idle, where+" || current_setting('work_mem')"); got != to.Primary.ClusterName()+"7MB" {
		t.Errorf("at %s", got)
	}
	if got := must(t, inTx, where); got != from.Primary.ClusterName() {
		t.Errorf("a transaction moved to %s", got)
	}
	must(t, inTx, "commit")
	if got := must(t, inTx, where); got != to.Primary.ClusterName() {
		t.Errorf("at %s", got)
	}
}

func TestReloadOfServerPassword(t *testing.T) {
	c := victim(t)
	superuser(t, c, "create role rotated login password 'one'")
	t.Cleanup(func() { superuser(t, c, "drop role rotated") })
	cfg := func(password string) string {
		return strings.Replace(wyeConfig("pool: {login_retry: 10ms}", reloadUsers), "backend: {", "backend: {user: rotated, password: "+password+", ", 1)
	}
	p := startProcess(t, c, cfg("one"))
	conn := connect(t, dsn(p.addr()))
	if got := must(t, conn, "select current_user"); got != "rotated" {
		t.Errorf("is %s", got)
	}
	superuser(t, c, "alter role rotated password 'two'")
	endServerConns(t, c, "rotated")
	fails(t, conn, "select 1", "28P01")
	p.reload(c, cfg("two"), true)
	must(t, conn, "select 1")
	superuser(t, c, "create role rotated_too login password 'three'")
	t.Cleanup(func() { superuser(t, c, "drop role rotated_too") })
	p.reload(c, strings.Replace(cfg("three"), "user: rotated", "user: rotated_too", 1), true)
	if got := must(t, conn, "select current_user"); got != "rotated_too" {
		t.Errorf("is %s", got)
	}
	_ = conn.Close(t.Context())
	p.signal(syscall.SIGTERM)
	p.exits(20*time.Second, 0)
}

// TestNamedRoleIsNoReasonToPin: session_user is not the client's name there.
func TestNamedRoleIsNoReasonToPin(t *testing.T) {
	_, addr := startProxy(t, shared(t), strings.Replace(wyeConfig("pool: {size: 1}", reloadUsers), "backend: {", "backend: {user: other, password: other, ", 1))
	conn, next := connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, conn, "select pg_advisory_lock(78)")
	must(t, conn, "select pg_advisory_unlock(78)")
	for _, row := range openConsole(t, addr, "ops").show("pins") {
		if row["pinned"] != "0" {
			t.Errorf("pinned: %v", row)
		}
	}
	must(t, next, "select 1")
	must(t, conn, "set session authorization other; reset session authorization")
	must(t, next, "select 1")
}
