package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy"
)

// shardSettings let a shard take part in commits across shards.
var shardSettings = map[string]string{"max_prepared_transactions": "100"}

// shardUsers: ops is wye's own, which may finish others' prepared
// transactions.
var shardUsers = []testpg.User{{Name: "app", Password: "app"}, {Name: "ops", Password: "ops", Attributes: "SUPERUSER"}}

// bootShards boots n clusters at once.
func bootShards(t testing.TB, n, replicas int) []*testpg.Cluster {
	t.Helper()
	list := make([]*testpg.Cluster, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range list {
		all.Add(1)
		go func() {
			defer all.Done()
			list[i], errs[i] = testpg.Boot(soon(t, 60*time.Second), testpg.Options{
				Name: fmt.Sprintf("shard%d", i), Replicas: replicas, Users: shardUsers, Settings: shardSettings,
			})
		}()
	}
	all.Wait()
	for i, c := range list {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	return list
}

// shardMaps and shardTables are those of the tests: users and their orders
// by hash, events by time, countries everywhere, settings on the last shard.
func shardConfig(list []*testpg.Cluster, more string) string {
	var b strings.Builder
	b.WriteString("clusters:\n  app:\n    shards:\n")
	for i, c := range list {
		nodes := []string{fmt.Sprintf("%q", c.Primary.Addr())}
		for _, r := range c.Replicas {
			nodes = append(nodes, fmt.Sprintf("%q", r.Addr()))
		}
		fmt.Fprintf(&b, "      - {name: s%d, nodes: [%s]}\n", i, strings.Join(nodes, ", "))
	}
	last := fmt.Sprintf("s%d", len(list)-1)
	fmt.Fprintf(&b, `    maps:
      by_user: {kind: consistent_hash, type: int8}
      by_time:
        kind: range
        type: date
        ranges:
          - {to: "2026-01-01", shard: s0}
          - {from: "2026-01-01", shard: %s}
    tables:
      users: {map: by_user, key: id}
      orders: {map: by_user, key: user_id}
      events: {map: by_time, key: at}
      countries: {reference: true}
      settings: {shard: %s}
    backend: {tls: {mode: disable}}
    health: {user: ops, password: ops, timeout: 2s}
%s
users:
  - {name: app, password: app}
  - {name: ops, password: ops}
admin: {console: {admins: [ops]}}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`, last, last, more)
	return b.String()
}

// shardSchema is made through wye, on all shards.
var shardSchema = []string{
	"CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, country text, balance numeric(12,2) NOT NULL DEFAULT 0)",
	"CREATE TABLE orders (id bigint NOT NULL, user_id bigint NOT NULL, total numeric(12,2), note text, PRIMARY KEY (user_id, id))",
	"CREATE TABLE events (at date NOT NULL, what text)",
	"CREATE TABLE countries (code text PRIMARY KEY, name text)",
	"CREATE TABLE settings (name text PRIMARY KEY, value text)",
}

// sharded boots n shards with wye in front of them and the schema in place.
func sharded(t testing.TB, n int, more string) (list []*testpg.Cluster, server *proxy.Server, addr string) {
	t.Helper()
	list = bootShards(t, n, 0)
	for _, c := range list {
		superuser(t, c, "GRANT ALL ON SCHEMA public TO app")
	}
	server, addr = startProxy(t, list[0], shardConfig(list, more))
	conn := connect(t, dsn(addr))
	for _, sql := range shardSchema {
		must(t, conn, sql)
	}
	return list, server, addr
}

// fillUsers inserts users 1 to n with two orders each, through wye.
func fillUsers(t testing.TB, conn *pgconn.PgConn, n int) {
	t.Helper()
	var users, orders []string
	for i := 1; i <= n; i++ {
		users = append(users, fmt.Sprintf("(%d, 'user %d', '%s', %d.50)", i, i, []string{"de", "fr", "it"}[i%3], i))
		orders = append(orders, fmt.Sprintf("(%d, %d, %d.10, NULL), (%d, %d, %d.25, 'x')", 2*i, i, i, 2*i+1, i, i))
	}
	must(t, conn, "INSERT INTO users (id, name, country, balance) VALUES "+strings.Join(users, ", "))
	must(t, conn, "INSERT INTO orders (id, user_id, total, note) VALUES "+strings.Join(orders, ", "))
}
