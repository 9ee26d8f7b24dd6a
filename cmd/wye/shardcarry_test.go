package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestShardCarry: rows that a statement finds on some shards and writes on
// others are all there, each on its shard, or none is.
func TestShardCarry(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "    gather: {max_rows: 900}\n")
	conn := connect(t, dsn(addr))
	if tag, err := conn.Exec(t.Context(), "INSERT INTO users (id, name, country, balance) SELECT g, 'user ' || g, 'de', g / 3.0 FROM generate_series(1, 300) g").ReadAll(); err != nil || tag[0].CommandTag.String() != "INSERT 0 300" {
		t.Fatal(tag, err)
	}
	for id := 1; id <= 300; id += 7 { // by its key, which asks one shard
		if got := must(t, conn, fmt.Sprintf("SELECT name || ' ' || balance FROM users WHERE id = %d", id)); got != fmt.Sprintf("user %d %.2f", id, float64(id)/3) {
			t.Errorf("user %d is %q", id, got)
		}
	}
	sums := func() (all string) {
		for _, c := range list {
			all += asSuperuser(t, c, "SELECT count(*) || ':' || coalesce(sum(hashtextextended(u::text, 0)), 0) FROM public.users u") + " " +
				asSuperuser(t, c, "SELECT count(*) || ':' || coalesce(sum(hashtextextended(c::text, 0)), 0) FROM public.countries c") + " "
		}
		return all
	}
	before := sums()
	for _, c := range []struct{ sql, code string }{
		{"INSERT INTO users (id, name) SELECT 1000 - id, name FROM users WHERE id > 600 - 300", ""}, // nothing
		{"INSERT INTO users (id, name) SELECT id + 299, name FROM users", "23505"},
		{"INSERT INTO users (id, name) SELECT id + 1000, NULLIF(name, 'user 42') FROM users", "23502"},
		{"INSERT INTO users (id, name) SELECT NULLIF(id, 42), name FROM users", "23502"},
		{"INSERT INTO users (id, name) SELECT g, 'x' FROM generate_series(1000, 1900) g", "54000"},
		{"INSERT INTO countries SELECT name, name FROM users UNION ALL SELECT 'user 7', 'twice'", "23505"},
		{"DELETE FROM users WHERE name IN (SELECT u.name FROM users u, generate_series(1, 4) g)", "54000"},
		{"UPDATE users SET balance = 0 WHERE balance > (SELECT balance FROM users)", "21000"},
	} {
		if c.code == "" {
			must(t, conn, c.sql)
		} else {
			fails(t, conn, c.sql, c.code)
		}
		if after := sums(); after != before {
			t.Fatalf("%s has left something behind: %s, was %s", c.sql, after, before)
		}
	}
	must(t, conn, "SET client_encoding = 'LATIN1'")
	fails(t, conn, "INSERT INTO users (id, name) SELECT id + 1000, name FROM users", "0A000")
	must(t, conn, "SET client_encoding = 'UTF8'")

}

// TestShardCarryDrivers: the same by what drivers send, with parameters, and
// RETURNING in the order of the SELECT; copies of a reference table are equal.
func TestShardCarryDrivers(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	raw := connect(t, dsn(addr))
	fillUsers(t, raw, 60)
	ctx := soon(t, 60*time.Second)
	for i, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		conn, err := pgx.Connect(ctx, dsn(addr, "default_query_exec_mode="+mode))
		if err != nil {
			t.Fatal(err)
		}
		first := int64(1000 * (i + 1))
		for range 2 { // the second time the plan is known
			rows, _ := conn.Query(ctx, "INSERT INTO orders (id, user_id, total, note) SELECT id, id + $1, balance / 2, $2 FROM users WHERE id <= $3 ORDER BY balance DESC RETURNING id", first, mode, int64(10))
			ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
			if err != nil || fmt.Sprint(ids) != "[10 9 8 7 6 5 4 3 2 1]" {
				t.Fatalf("%s: %v, %v", mode, ids, err)
			}
			first += 100
		}
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO users (id, name) SELECT $1, 'last' WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = $1)", int64(777)); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		gone := int64(20)
		if i == 0 {
			gone = 10 // of 1001 and so on, as 777 is a user now
		}
		if tag, err := tx.Exec(ctx, "DELETE FROM orders WHERE note = $1 AND user_id > (SELECT max(id) FROM users) + $2", mode, int64(300)); err != nil || tag.RowsAffected() != gone {
			t.Errorf("%s: %v, %v", mode, tag, err)
		}
		if err := tx.Rollback(ctx); err != nil {
			t.Error(err)
		}
		if tag, err := conn.Exec(ctx, "INSERT INTO countries SELECT DISTINCT country || $1::text, $1 FROM users ON CONFLICT DO NOTHING", mode); err != nil || tag.RowsAffected() != 3 {
			t.Errorf("%s: %v, %v", mode, tag, err)
		}
		_ = conn.Close(ctx)
	}
	var copies []string
	for _, c := range list {
		copies = append(copies, asSuperuser(t, c, "SELECT count(*) || ' ' || string_agg(c::text, ',' ORDER BY code) FROM public.countries c"))
		if n := asSuperuser(t, c, "SELECT count(*) FROM pg_prepared_xacts"); n != "0" {
			t.Errorf("%s prepared transactions are left", n)
		}
	}
	if copies[0] != copies[1] || !strings.HasPrefix(copies[0], "15 ") {
		t.Errorf("the copies are %q", copies)
	}
	var out bytes.Buffer
	tag, err := raw.CopyTo(ctx, &out, "COPY (SELECT id AS \"the id\", name || ',' AS n, nullif(country, 'de') FROM users ORDER BY balance LIMIT 3 OFFSET 1) TO STDOUT WITH (FORMAT csv, HEADER, FORCE_QUOTE (n))")
	if want := "the id,n,nullif\n2,\"user 2,\",it\n3,\"user 3,\",\n4,\"user 4,\",fr\n"; err != nil || out.String() != want || tag.String() != "COPY 3" {
		t.Errorf("COPY gives %q, %v, %v; want %q", out.String(), tag, err, want)
	}
}
