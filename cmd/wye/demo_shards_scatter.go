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

// totalsSQL joins what stands together on each shard, and adds up over both.
const totalsSQL = "SELECT c.name, count(*), sum(o.total), avg(o.total)::numeric(12,4) FROM users u JOIN orders o ON o.user_id = u.id" +
	" JOIN countries c ON c.code = u.country GROUP BY c.name ORDER BY c.name"

// tourScatter groups over both shards, and compares with what the servers
// have, added up by us.
func tourScatter(ctx context.Context, r *rig) (f finding, err error) {
	c := r.store.fleet.conns[0]
	began := time.Now()
	got, err := askRows(ctx, c, totalsSQL)
	if err != nil {
		return f, err
	}
	took := time.Since(began)
	parts, err := r.store.onEach(ctx, "SELECT c.name, count(*), sum(o.total) FROM users u JOIN orders o ON o.user_id = u.id JOIN countries c ON c.code = u.country GROUP BY c.name")
	if err != nil {
		return f, err
	}
	want, err := addedUp(parts[:])
	if err != nil {
		return f, err
	}
	tier, err := tierOf(ctx, c, totalsSQL)
	if err != nil {
		return f, err
	}
	f.text = fmt.Sprintf("GROUP BY over a join of users, orders and countries, tier %s: %d groups in %.1f ms, each as the servers' own rows add up", tier, len(got), ms(took))
	f.figures = map[string]any{"groups": len(got), "tier": tier, "answer": got, "took_ms": ms(took)}
	switch {
	case !slices.Equal(got, want):
		err = fmt.Errorf("through wye %q, the servers' own rows add up to %q", got, want)
	case len(parts[0]) < 2 || len(parts[1]) < 2:
		err = fmt.Errorf("the shards have %d and %d groups: nothing was put together", len(parts[0]), len(parts[1]))
	}
	return f, err
}

// addedUp are the groups of all shards as totalsSQL has them.
func addedUp(parts [][][]string) (lines []string, err error) {
	type group struct{ count, sum int }
	groups := map[string]group{}
	for _, rows := range parts {
		for _, row := range rows {
			count, err1 := strconv.Atoi(row[1])
			sum, err2 := strconv.Atoi(row[2])
			if err := cmpError(err1, err2); err != nil {
				return nil, err
			}
			g := groups[row[0]]
			groups[row[0]] = group{g.count + count, g.sum + sum}
		}
	}
	for name, g := range groups {
		lines = append(lines, fmt.Sprintf("%s %d %d %.4f", name, g.count, g.sum, float64(g.sum)/float64(g.count)))
	}
	slices.Sort(lines)
	return lines, nil
}

// richestSQL takes a few rows from the middle of an order over both shards.
const richestSQL = "SELECT id, balance FROM users ORDER BY balance DESC, id LIMIT 10 OFFSET 990"

// tourMerge takes a page out of an order over both shards, and sorts what the
// servers have, itself.
func tourMerge(ctx context.Context, r *rig) (f finding, err error) {
	c := r.store.fleet.conns[0]
	began := time.Now()
	got, err := askRows(ctx, c, richestSQL)
	if err != nil {
		return f, err
	}
	took := time.Since(began)
	all, err := r.store.users(ctx)
	if err != nil {
		return f, err
	}
	slices.SortFunc(all, func(a, b user) int {
		if a.balance != b.balance {
			return b.balance - a.balance
		}
		return a.id - b.id
	})
	var want []string
	from := map[int]int{}
	for _, u := range all[990:1000] {
		want = append(want, fmt.Sprintf("%d %d", u.id, u.balance))
		from[u.shard]++
	}
	tier, err := tierOf(ctx, c, richestSQL)
	if err != nil {
		return f, err
	}
	f.text = fmt.Sprintf("ORDER BY balance DESC, id LIMIT 10 OFFSET 990, tier %s: %d rows in %.1f ms, %d of s0 and %d of s1, as the servers' own %d rows sort",
		tier, len(got), ms(took), from[0], from[1], len(all))
	f.figures = map[string]any{"rows": len(got), "tier": tier, "of_shards": []int{from[0], from[1]}, "took_ms": ms(took)}
	if !slices.Equal(got, want) {
		err = fmt.Errorf("through wye %q, the servers' own rows sort to %q", got, want)
	}
	return f, err
}

// user is a row of users, and where it is.
type user struct{ id, balance, shard int }

// users are those that the servers have.
func (s *store) users(ctx context.Context) (all []user, err error) {
	parts, err := s.onEach(ctx, "SELECT id, balance FROM users")
	if err != nil {
		return nil, err
	}
	for k, rows := range parts {
		for _, row := range rows {
			id, err1 := strconv.Atoi(row[0])
			balance, err2 := strconv.Atoi(row[1])
			if err := cmpError(err1, err2); err != nil {
				return nil, err
			}
			all = append(all, user{id, balance, k})
		}
	}
	return all, nil
}

// askRows runs one statement and returns its rows, each as one line.
func askRows(ctx context.Context, c *pgconn.PgConn, sql string) (lines []string, err error) {
	result := c.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	for _, row := range result.Rows {
		var words []string
		for _, v := range row {
			words = append(words, string(v))
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines, result.Err
}

// tierOf is the tier that EXPLAIN ROUTE names: A merges rows, B combines
// partial results, C moves rows.
func tierOf(ctx context.Context, c *pgconn.PgConn, sql string) (string, error) {
	route, err := explainRoute(ctx, c, sql)
	if err != nil {
		return "", err
	}
	tier, ok := strings.CutPrefix(route, "scatter tier ")
	if !ok || tier == "" {
		return "", fmt.Errorf("EXPLAIN ROUTE %s says %s", sql, route)
	}
	return tier[:1], nil
}
