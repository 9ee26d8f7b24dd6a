package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// newYear is where the days of the first shard end.
var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	// userSQL concerns one shard, by its key.
	userSQL = "SELECT name, balance FROM users WHERE id = $1"
	// lookups is how many users each client of the store asks for.
	lookups = 25
	// shownUser is the one whose way is explained.
	shownUser = 42
)

// tourDirect has clients ask for users by key, and looks on the servers
// themselves where the rows are.
func tourDirect(ctx context.Context, r *rig) (f finding, err error) {
	s := r.store
	if s.fleet, err = r.launchAt(ctx, storeDatabase, storePool); err != nil {
		return f, err
	}
	began := time.Now()
	err = s.fleet.each(func(i int, c *pgconn.PgConn) error {
		for n := range lookups {
			if err := checkUser(ctx, c, 1+(i*lookups+n)*5%storeUsers); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	rate := float64(storePool*lookups) / time.Since(began).Seconds()
	users, err := s.counts(ctx, "SELECT count(*) FROM users")
	if err != nil {
		return f, err
	}
	orders, err := s.counts(ctx, "SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id")
	if err != nil {
		return f, err
	}
	events, err := s.counts(ctx, "SELECT count(*) FROM events")
	if err != nil {
		return f, err
	}
	shown, err := s.counts(ctx, "SELECT count(*) FROM users WHERE id = "+strconv.Itoa(shownUser))
	if err != nil {
		return f, err
	}
	route, err := s.routeToReplica(ctx, max(slices.Index(shown[:], 1), 0))
	if err != nil {
		return f, err
	}
	if err := s.ready(ctx, r); err != nil {
		return f, err
	}
	f.text = fmt.Sprintf("users and their orders by hash, on the servers %v and %v, events by date %v: %d look-ups by key, %.0f/s; EXPLAIN ROUTE of user %d: %s",
		users, orders, events, storePool*lookups, rate, shownUser, route)
	f.figures = map[string]any{
		"users_on_shards": users, "orders_with_user": orders, "events_on_shards": events,
		"lookups": storePool * lookups, "lookups_per_s": rate, "route": route,
	}
	switch {
	case users[0] == 0 || users[1] == 0 || users[0]+users[1] != storeUsers:
		err = fmt.Errorf("the shards have %v users, want %d on both together and some on each", users, storeUsers)
	case orders[0] != 2*users[0] || orders[1] != 2*users[1]:
		err = fmt.Errorf("the shards have %v users and %v orders of these, want two for each", users, orders)
	case events[0] != storeEvents/2 || events[1] != storeEvents/2:
		err = fmt.Errorf("the shards have %v events, want those before %s on s0, the others on s1", events, newYear.Format("2006-01-02"))
	case shown[0]+shown[1] != 1:
		err = fmt.Errorf("user %d is there %v times, want once", shownUser, shown)
	}
	return f, err
}

// ready holds SHOW SHARDS to what was booted.
func (s *store) ready(ctx context.Context, r *rig) error {
	rows, err := r.show(ctx, "SHARDS WHERE cluster = '"+storeDatabase+"'")
	if err != nil {
		return err
	}
	if len(rows) != storeShards {
		return fmt.Errorf("SHOW SHARDS has %d rows, want %d", len(rows), storeShards)
	}
	for k, row := range rows {
		if row["ready"] != "yes" || row["primary"] != s.shards[k].Primary.Addr() || row["replicas"] != "1" {
			return fmt.Errorf("SHOW SHARDS says %v of s%d", row, k)
		}
	}
	return nil
}

// routeToReplica is what EXPLAIN ROUTE says of the shown user, once the
// replica of shard k is as fresh as what the client has seen.
func (s *store) routeToReplica(ctx context.Context, k int) (route string, err error) {
	shard, replica := fmt.Sprintf("shard s%d ", k), s.shards[k].Replicas[0].Addr()
	err = pollUntil(ctx, "EXPLAIN ROUTE to name "+shard+"and its replica "+replica, func() (bool, error) {
		var err error
		route, err = explainRoute(ctx, s.fleet.conns[0], strings.ReplaceAll(userSQL, "$1", strconv.Itoa(shownUser)))
		return strings.HasPrefix(route, shard) && strings.HasSuffix(route, replica), err
	})
	return route, err
}

// checkUser asks for a user and checks the answer.
func checkUser(ctx context.Context, c *pgconn.PgConn, n int) error {
	row, err := ask(ctx, c, userSQL, strconv.Itoa(n))
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("user %d %d", n, balanceOf(n)); row[0]+" "+row[1] != want {
		return fmt.Errorf("user %d is %v, want %s", n, row, want)
	}
	return nil
}
