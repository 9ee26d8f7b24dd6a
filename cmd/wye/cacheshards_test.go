package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// shardsKept is a cache for all tables of the test shards.
const shardsKept = "    cache: {rules: {all: {tables: [users, orders, events, countries, settings, people], ttl: 1h}}}\n"

// keptShards is a sharded cluster with a cache and rows, and two users of
// different shards.
func keptShards(t *testing.T, more string) (list []*testpg.Cluster, conn *pgconn.PgConn, addr string, here, there int) {
	t.Helper()
	list, _, addr = sharded(t, 2, more)
	conn = connect(t, dsn(addr))
	fillUsers(t, conn, 20)
	must(t, conn, "insert into countries values ('de', 'Germany')")
	must(t, conn, "insert into settings values ('a', '1')")
	must(t, conn, "create view people as select id, name from users")
	for id := 1; id <= 20; id++ {
		switch on := onShard(t, conn, id); {
		case on == "s0" && here == 0:
			here = id
		case on == "s1" && there == 0:
			there = id
		}
	}
	eventually(t, "wye knows the catalogs", func() bool {
		one := strings.Contains(explained(t, conn, "select name from users where id = 1"), "cache    rule all, for 1h0m0s")
		return one && strings.Contains(explained(t, conn, "select name from people order by id"), "until one of its tables is written on any shard")
	})
	return list, conn, addr, here, there
}

// onShard is the shard of a user, as EXPLAIN ROUTE says it.
func onShard(t *testing.T, conn *pgconn.PgConn, id int) string {
	t.Helper()
	for _, name := range []string{"s0", "s1"} {
		if strings.Contains(explained(t, conn, fmt.Sprintf("select name from users where id = %d", id)), "shard    "+name) {
			return name
		}
	}
	t.Fatalf("user %d is nowhere", id)
	return ""
}

// behindShards changes rows on all shards without wye.
func behindShards(t *testing.T, list []*testpg.Cluster, sql string) {
	t.Helper()
	for _, c := range list {
		if err := c.Primary.Exec(soon(t, time.Minute), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeptOfShards: answers of one shard last until that shard is written,
// those of several until any is; whatever writes through wye is seen at once.
func TestKeptOfShards(t *testing.T) {
	t.Parallel()
	list, conn, addr, here, there := keptShards(t, shardsKept)
	name := func(id int) string { return fmt.Sprintf("select name from users where id = %d", id) }
	reads := []string{
		name(here), name(there), "select name from users order by id", "select count(*), sum(balance) from users", "select country, count(*) from users group by 1 order by 1",
		"select u.name, o.total from users u join orders o on o.user_id = u.id order by o.id, u.name", "select max(name) from people", "select name from countries order by code",
		"select value from settings", "select what from events order by at, what",
	}
	params := "select name from users where id = $1::int8"
	all := func(off string) (got []string) {
		for _, sql := range reads {
			rows, err := run(conn, off+sql)
			if err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			got = append(got, fmt.Sprint(rows), extended(t, conn, "", off+sql))
		}
		return append(got, extended(t, conn, "", off+params, fmt.Sprint(here)), extended(t, conn, "", off+params, fmt.Sprint(there)))
	}
	for _, sql := range reads {
		if got := explained(t, conn, sql); !strings.Contains(got, "cache    rule all") {
			t.Errorf("%s: %s", sql, got)
		}
	}
	before := all("")
	behindShards(t, list, "update users set name = name || ' behind', balance = balance + 1, country = 'xx'; update orders set total = 7; update countries set name = 'Allemagne'; update settings set value = 'behind'")
	for i, got := range all("") {
		if got != before[i] {
			t.Errorf("answer %d did not come from memory: %s, before %s", i, got, before[i])
		}
	}
	must(t, conn, fmt.Sprintf("update users set balance = 1000 where id = %d", there))
	if got := must(t, conn, name(here)); strings.Contains(got, "behind") {
		t.Error("a write on one shard has ended what is kept of another")
	}
	if got := must(t, conn, name(there)); !strings.Contains(got, "behind") {
		t.Error("the written shard's answer was kept")
	}
	console := connect(t, dsnOf(addr, "ops", "pgbouncer"))
	must(t, console, "flush cache")
	for _, w := range []string{
		fmt.Sprintf("update users set name = 'one' where id = %d", here), fmt.Sprintf("update users set name = 'other' where id = %d", there),
		"update users set balance = balance + 5", "update users set name = 'all ' || id",
		fmt.Sprintf("begin; update users set name = 'both' where id = %d; update users set name = 'of them' where id = %d; commit", here, there),
		fmt.Sprintf("begin; update users set name = 'first' where id = %d; select name from users order by id; commit", here),
		"insert into users (id, name) values (1001, 'a'), (1002, 'b'), (1003, 'c'), (1004, 'd')", "delete from users where id > 1000",
		"insert into countries values ('fr', 'France')", "update countries set name = upper(name)", "update settings set value = 'x'",
		"insert into events values ('2025-05-05', 'old')", "insert into events values ('2026-05-05', 'new'), ('2025-05-06', 'older')", "delete from events",
		"update orders set total = total * 2", "create or replace view people as select id, upper(name) as name from users", "alter table users add column nick text default 'n'",
		"truncate orders",
	} {
		all("")
		for part := range strings.SplitSeq(w, "; ") {
			must(t, conn, part)
		}
		got, want := all(""), all("/* wye: cache=off */ ")
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("after %q answer %d is %s, the shards say %s", w, i, got[i], want[i])
			}
		}
	}
	rows, err := run(console, "show cache where rule = 'all'")
	if err != nil || len(rows) != 1 || rows[0][3] == "0" || rows[0][len(rows[0])-1] != "ttl" {
		t.Errorf("%v, %v", rows, err)
	}
	must(t, conn, "begin")
	if got := explained(t, conn, name(here)); !strings.Contains(got, "cache    no: transactions of sharded clusters") {
		t.Error(got)
	}
	must(t, conn, "commit")
}
