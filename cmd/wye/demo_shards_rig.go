package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

const (
	storeDatabase = "store"
	// storeShards is how many shards it has, each a primary with a replica.
	storeShards = 2
	// storePool is how many server conns its clients share, at each server. A
	// transaction that spans shards holds one at each: as many as there are
	// clients that do so, or they could wait for each other in a circle.
	storePool = 16
)

// store is the sharded database of the demo, behind the same wye.
type store struct {
	shards [storeShards]*testpg.Cluster
	login  account // wye's own, on the servers only: may finish what others prepared
	fleet  *fleet  // connected by the first of its steps
}

// bootAll boots the cluster of the first steps and the shards, at the same
// time: the second does not wait for the first to be shown.
func (r *rig) bootAll(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	app := testpg.User{Name: r.app.name, Password: r.app.password}
	errs := make([]error, 1+storeShards)
	var all sync.WaitGroup
	boot := func(i int, at **testpg.Cluster, o testpg.Options) {
		all.Go(func() {
			o.Replicas = 1
			if *at, errs[i] = testpg.Boot(ctx, o); errs[i] != nil {
				stop() // the others need not go on
			}
		})
	}
	boot(0, &r.cluster, testpg.Options{Name: "demo", Database: rigDatabase, Users: []testpg.User{app}})
	for k := range r.store.shards {
		boot(1+k, &r.store.shards[k], testpg.Options{
			Name: fmt.Sprintf("demo-s%d", k), Database: storeDatabase,
			Users:    []testpg.User{app, {Name: r.store.login.name, Password: r.store.login.password, Attributes: "SUPERUSER"}},
			Settings: map[string]string{"max_prepared_transactions": "100"},
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// config is the part of wye's file about the sharded database.
func (s *store) config() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s:\n    shards:\n", storeDatabase)
	for k, c := range s.shards {
		fmt.Fprintf(&b, "      s%d: {nodes: [\"%s\", \"%s\"]}\n", k, c.Primary.Addr(), c.Replicas[0].Addr())
	}
	fmt.Fprintf(&b, `    maps:
      by_user: {type: int8}
      by_day: {kind: range, type: date, ranges: [{to: 2026-01-01, shard: s0}, {from: 2026-01-01, shard: s1}]}
    tables:
      users: {map: by_user, key: id}
      orders: {map: by_user, key: user_id}
      events: {map: by_day, key: day}
      countries: {reference: true}
    backend: {tls: {mode: disable}, require_auth: [scram]}
    health: {user: %s, password: "%s", timeout: 2s}
    pool: {mode: transaction, size: %d}
`, s.login.name, s.login.password, storePool)
	return b.String()
}

const (
	// storeUsers is how many users there are; user n has a balance of
	// 1000 + 7n modulo 1009, and two orders.
	storeUsers = 2000
	// storeEvents is how many days have an event: half of them before 2026.
	storeEvents = 200
)

// storeSchema is made through wye, on all shards: in one transaction, as wye
// reads the catalog again after each that defines something.
var storeSchema = []string{
	"BEGIN",
	"CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, country text NOT NULL, balance bigint NOT NULL)",
	"CREATE TABLE orders (user_id bigint, id bigint, total bigint NOT NULL, PRIMARY KEY (user_id, id))",
	"CREATE TABLE events (day date PRIMARY KEY, what text NOT NULL)",
	"CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL)",
	"COMMIT",
	"INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France'), ('it', 'Italy'), ('pl', 'Poland')",
}

var storeCountries = []string{"de", "fr", "it", "pl"}

// balanceOf is what user n has at first.
func balanceOf(n int) int { return 1000 + 7*n%1009 }

// furnish makes what the tour asks for, through wye: which shard a row goes
// to is its business.
func (s *store) furnish(ctx context.Context, conn *pgconn.PgConn) error {
	for _, sql := range storeSchema {
		if err := do(ctx, conn, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	var users, orders strings.Builder
	for n := 1; n <= storeUsers; n++ {
		fmt.Fprintf(&users, "%d\tuser %d\t%s\t%d\n", n, n, storeCountries[n%len(storeCountries)], balanceOf(n))
		fmt.Fprintf(&orders, "%d\t%d\t%d\n%d\t%d\t%d\n", n, 2*n, n%97, n, 2*n+1, n%89)
	}
	if _, err := conn.CopyFrom(ctx, strings.NewReader(users.String()), "COPY users FROM STDIN"); err != nil {
		return fmt.Errorf("copy users: %w", err)
	}
	if _, err := conn.CopyFrom(ctx, strings.NewReader(orders.String()), "COPY orders FROM STDIN"); err != nil {
		return fmt.Errorf("copy orders: %w", err)
	}
	return do(ctx, conn, storeEventsSQL())
}

func storeEventsSQL() string {
	var days []string
	for n := range storeEvents {
		days = append(days, fmt.Sprintf("('%s', 'event %d')", newYear.AddDate(0, 0, n-storeEvents/2).Format("2006-01-02"), n))
	}
	return "INSERT INTO events VALUES " + strings.Join(days, ", ")
}

// onEach asks the primary of each shard, past wye.
func (s *store) onEach(ctx context.Context, sql string) (answers [storeShards][][]string, err error) {
	for k, c := range s.shards {
		if answers[k], err = c.Primary.Query(ctx, sql); err != nil {
			return answers, fmt.Errorf("shard s%d: %w", k, err)
		}
	}
	return answers, nil
}

// counts are one number from each shard.
func (s *store) counts(ctx context.Context, sql string) (n [storeShards]int, err error) {
	answers, err := s.onEach(ctx, sql)
	if err != nil {
		return n, err
	}
	for k, rows := range answers {
		if _, err := fmt.Sscan(rows[0][0], &n[k]); err != nil {
			return n, fmt.Errorf("%s: %w", sql, err)
		}
	}
	return n, nil
}

func (s *store) close() error {
	errs := make([]error, storeShards)
	var all sync.WaitGroup
	for k, c := range s.shards {
		if c != nil {
			all.Go(func() { errs[k] = c.Close() })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}
