package main

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestStaleWhileRevalidate: past its ttl an answer is still given, while one
// client asks anew; when that one has its answer, all get it; and never after
// a write through wye, nor past both times.
func TestStaleWhileRevalidate(t *testing.T) {
	t.Parallel()
	const ttl = 200 * time.Millisecond
	rig, conn, behind := cacheRig(t, 0, fmt.Sprintf(`cache: {rules: {hot: {tables: [hot], ttl: %v, stale_while_revalidate: 1h}, brief: {tables: [cold], ttl: %v, stale_while_revalidate: %v}}}`, ttl, ttl, ttl))
	one := "select v from hot where id = 1"
	other, console := connect(t, rig.url), connect(t, dsnOf(rig.addr, "ops", "pgbouncer"))
	must(t, conn, one)
	behind("update hot set v = 'new' where id = 1")
	locker := connect(t, rig.Primary.SuperuserURL(rig.Database))
	must(t, locker, "begin")
	must(t, locker, "lock table hot in access exclusive mode")
	time.Sleep(ttl + 50*time.Millisecond) // it is older than that now, however slow we are
	asked := make(chan string, 1)
	go func() {
		rows, err := run(conn, one)
		asked <- fmt.Sprint(rows, err)
	}()
	blocked := "select count(*) from pg_locks where relation = 'hot'::regclass and not granted"
	eventually(t, "one client asks anew", func() bool { return must(t, locker, blocked) == "1" })
	for range 3 {
		if got := must(t, other, one); got != "one" {
			t.Errorf("while another asks: %q", got)
		}
	}
	if got := must(t, locker, blocked); got != "1" {
		t.Errorf("%s clients asked", got)
	}
	must(t, locker, "commit")
	if got := <-asked; got != "[[new]] <nil>" {
		t.Errorf("who asked anew was told %s", got)
	}
	if got := must(t, other, one); got != "new" {
		t.Errorf("afterwards: %q", got)
	}
	rows, err := run(console, "show cache where rule = 'hot'")
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	if stale, _ := strconv.Atoi(rows[0][4]); stale < 3 {
		t.Errorf("%d stale answers are counted", stale)
	}
	time.Sleep(ttl + 50*time.Millisecond)
	must(t, conn, "update hot set v = 'written' where id = 1")
	if got := must(t, other, one); got != "written" {
		t.Errorf("after a write through wye: %q", got)
	}
	cold := "select v from cold where id = 1"
	must(t, conn, cold)
	behind("update cold set v = 'new' where id = 1")
	time.Sleep(2*ttl + 50*time.Millisecond)
	if got := must(t, other, cold); got != "new" {
		t.Errorf("past both times: %q", got)
	}
}

// TestNoSlotStaysBehind: whatever becomes of wye, the primary does not keep
// its log for it: a wye that is killed takes its slot with it, and one that
// hangs loses it when wal_sender_timeout has passed.
func TestNoSlotStaysBehind(t *testing.T) {
	t.Parallel()
	c := testpg.Start(t, testpg.Options{Name: "slots", Settings: map[string]string{"wal_sender_timeout": "1s"}})
	if err := c.Primary.Exec(soon(t, time.Minute), "create role heard login replication password 'heard'; create table hot (id int primary key, v text)"); err != nil {
		t.Fatal(err)
	}
	slots := func() string {
		n, err := c.Primary.Value(soon(t, time.Minute), "select string_agg(slot_name || ' ' || temporary || ' ' || active, ', ') from pg_replication_slots")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, sign := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGTERM} {
		p := startProcess(t, c, `
clusters:
  app: {nodes: ["{server}"], database: "{db}", backend: {tls: {mode: disable}}, health: {user: heard, password: heard}, cache: {elsewhere: wal, rules: {hot: {tables: [hot], ttl: 1h}}}}
users:
  - {name: app, password: app}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`)
		eventually(t, "wye has a slot", func() bool { return strings.HasPrefix(slots(), "wye_cache_") })
		if got := slots(); !strings.HasSuffix(got, " true true") || strings.Contains(got, ",") {
			t.Errorf("slots: %s", got)
		}
		p.signal(sign)
		began := time.Now()
		eventually(t, fmt.Sprintf("the slot is gone after signal %v", sign), func() bool { return slots() == "" })
		t.Logf("%v: the slot is gone after %v", sign, time.Since(began))
		senders, err := c.Primary.Value(soon(t, time.Minute), "select count(*) from pg_stat_replication")
		if err != nil || senders != "0" {
			t.Errorf("after signal %v %s senders are left: %v", sign, senders, err)
		}
		if sign == syscall.SIGSTOP {
			p.signal(syscall.SIGKILL)
		}
	}
}
