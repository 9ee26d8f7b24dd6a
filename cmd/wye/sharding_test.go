package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// TestShardWays takes every way that a statement can go on two shards.
func TestShardWays(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 100)

	spread := 0
	for i, c := range list {
		n, _ := strconv.Atoi(asSuperuser(t, c, "SELECT count(*) FROM public.users"))
		if n == 0 || n == 100 {
			t.Errorf("shard %d has %d of 100 users", i, n)
		}
		spread += n
		if orphans := asSuperuser(t, c, "SELECT count(*) FROM public.orders o LEFT JOIN public.users u ON u.id = o.user_id WHERE u.id IS NULL"); orphans != "0" {
			t.Errorf("shard %d has %s orders without their user", i, orphans)
		}
	}
	if spread != 100 {
		t.Fatalf("%d users on all shards", spread)
	}
	for _, c := range []struct{ sql, want string }{
		{"SELECT name FROM users WHERE id = 42", "user 42"},
		{"SELECT count(*) FROM users", "100"},
		{"SELECT id FROM users ORDER BY id DESC LIMIT 3 OFFSET 1", "99\n98\n97"},
		{"SELECT id, balance FROM users WHERE id IN (1, 2, 3) ORDER BY balance DESC", "3|3.50\n2|2.50\n1|1.50"},
		{"SELECT country, count(*), sum(balance), avg(balance) FROM users GROUP BY country ORDER BY country",
			"de|33|1699.50|51.5000000000000000\nfr|34|1734.00|51.0000000000000000\nit|33|1666.50|50.5000000000000000"},
		{"SELECT u.name, sum(o.total) FROM users u JOIN orders o ON o.user_id = u.id WHERE u.id < 3 GROUP BY u.id, u.name ORDER BY u.id", "user 1|2.35\nuser 2|4.35"},
		{"SELECT max(id), min(name) FROM users", "100|user 1"},
		{"SELECT count(*) FROM users WHERE id = 1 AND id = 2", "0"},
		{"SELECT 1 + 1", "2"},
	} {
		rows, err := run(conn, c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		var lines []string
		for _, r := range rows {
			lines = append(lines, strings.Join(r, "|"))
		}
		if got := strings.Join(lines, "\n"); got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.sql, got, c.want)
		}
	}
	must(t, conn, "INSERT INTO countries VALUES ('de', 'Germany'), ('fr', 'France')")
	must(t, conn, "INSERT INTO settings VALUES ('a', 'b')")
	must(t, conn, "INSERT INTO events VALUES ('2025-12-31', 'old'), ('2026-01-01', 'new')")
	for i, c := range list {
		want := []string{"2 0 old", "2 1 new"}[i]
		if got := asSuperuser(t, c, "SELECT (SELECT count(*) FROM public.countries) || ' ' || (SELECT count(*) FROM public.settings) || ' ' || (SELECT what FROM public.events)"); got != want {
			t.Errorf("shard %d has %q, want %q", i, got, want)
		}
	}
	if e := fails(t, conn, "SELECT * FROM undeclared_thing", "42P01"); e.Severity != "ERROR" {
		t.Error(e)
	}
	must(t, conn, "SET wye.gather = off")
	if e := fails(t, conn, "SELECT count(*) FROM users u JOIN events e ON e.what <> u.name", "0A000"); !strings.Contains(e.Hint, "wye.gather") {
		t.Error("no hint", e)
	}
	must(t, conn, "SET wye.gather = on")
	if n := must(t, conn, "SELECT count(*) FROM users u JOIN events e ON e.what <> u.name"); n != "200" {
		t.Errorf("gathered %s pairs, want 200", n)
	}
	fails(t, conn, "INSERT INTO users (id, name) VALUES (NULL, 'x')", "23502")
}

// TestShardTransactions: what a transaction did on several shards is there as
// a whole or not at all, and is seen by itself meanwhile.
func TestShardTransactions(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 20)
	total := must(t, conn, "SELECT sum(balance) FROM users")
	for i, end := range []string{"COMMIT", "ROLLBACK", "COMMIT"} {
		must(t, conn, "BEGIN")
		for id := 1; id <= 10; id++ {
			must(t, conn, fmt.Sprintf("UPDATE users SET balance = balance - 1 WHERE id = %d", id))
			must(t, conn, fmt.Sprintf("UPDATE users SET balance = balance + 1 WHERE id = %d", id+10))
		}
		if got := must(t, conn, "SELECT sum(balance) FROM users"); got != total {
			t.Fatalf("within the transaction the sum is %s, was %s", got, total)
		}
		want := []string{"-10.00", "-10.00", "-20.00"}[i]
		must(t, conn, end)
		if got := must(t, conn, "SELECT sum(balance) FROM users"); got != total {
			t.Fatalf("after %s the sum is %s, was %s", end, got, total)
		}
		if got := must(t, conn, "SELECT sum(balance) - 60.00 FROM users WHERE id <= 10"); got != want {
			t.Errorf("after %s round %d: %s, want %s", end, i, got, want)
		}
	}
	// An error on one shard fails the transaction on all.
	must(t, conn, "BEGIN")
	must(t, conn, "UPDATE users SET balance = 0")
	fails(t, conn, "INSERT INTO users (id, name) VALUES (1, 'twice')", "23505")
	fails(t, conn, "SELECT 1", "25P02")
	must(t, conn, "COMMIT")
	if got := must(t, conn, "SELECT sum(balance) FROM users"); got != total {
		t.Errorf("a failed transaction has changed the sum to %s", got)
	}
	for i, c := range list {
		if n := asSuperuser(t, c, "SELECT count(*) FROM pg_prepared_xacts"); n != "0" {
			t.Errorf("shard %d has %s prepared transactions", i, n)
		}
	}
	// Savepoints reach shards that join later.
	must(t, conn, "BEGIN")
	must(t, conn, "SAVEPOINT a")
	must(t, conn, "UPDATE users SET balance = 0")
	must(t, conn, "ROLLBACK TO a")
	must(t, conn, "COMMIT")
	if got := must(t, conn, "SELECT sum(balance) FROM users"); got != total {
		t.Errorf("after ROLLBACK TO the sum is %s", got)
	}
}

// TestShardsExtended is what drivers send: prepared statements whose
// arguments say the shard, and batches over several.
func TestShardsExtended(t *testing.T) {
	t.Parallel()
	_, _, addr := sharded(t, 2, "")
	raw := connect(t, dsn(addr))
	fillUsers(t, raw, 100)
	ctx := soon(t, 30*time.Second)
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		conn, err := pgx.Connect(ctx, dsn(addr, "default_query_exec_mode="+mode))
		if err != nil {
			t.Fatal(err)
		}
		for id := int64(1); id <= 100; id++ {
			var name string
			if err := conn.QueryRow(ctx, "SELECT name FROM users WHERE id = $1", id).Scan(&name); err != nil || name != fmt.Sprintf("user %d", id) {
				t.Fatalf("%s: user %d is %q: %v", mode, id, name, err)
			}
		}
		var n int64
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM users WHERE balance > $1", 50).Scan(&n); err != nil || n != 51 {
			t.Errorf("%s: count %d, %v", mode, n, err)
		}
		rows, _ := conn.Query(ctx, "SELECT id FROM users WHERE id > $1 ORDER BY id LIMIT $2", int64(90), 5)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil || fmt.Sprint(ids) != "[91 92 93 94 95]" {
			t.Errorf("%s: ids %v, %v", mode, ids, err)
		}
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for id := int64(1); id <= 4; id++ {
			if _, err := tx.Exec(ctx, "UPDATE users SET balance = balance + $2 WHERE id = $1", id, "1.00"); err != nil {
				t.Fatalf("%s: %v", mode, err)
			}
		}
		if err := tx.Commit(ctx); err != nil {
			t.Errorf("%s: %v", mode, err)
		}
		if mode != "simple_protocol" && mode != "exec" {
			b := &pgx.Batch{}
			for id := int64(1); id <= 10; id++ {
				b.Queue("SELECT id FROM users WHERE id = $1", id)
			}
			results := conn.SendBatch(ctx, b)
			for id := int64(1); id <= 10; id++ {
				var got int64
				if err := results.QueryRow().Scan(&got); err != nil || got != id {
					t.Errorf("%s: batch %d: %d, %v", mode, id, got, err)
				}
			}
			if err := results.Close(); err != nil {
				t.Errorf("%s: batch: %v", mode, err)
			}
		}
		_ = conn.Close(ctx)
	}
}

// TestShardHints: a comment and parameters choose the shard, and are held to
// what the statement itself says.
func TestShardHints(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 50)
	for i, c := range list {
		want := asSuperuser(t, c, "SELECT count(*) FROM public.users")
		if got := must(t, conn, fmt.Sprintf("/* wye: shard=s%d */ SELECT count(*) FROM users", i)); got != want {
			t.Errorf("shard %d: %s by a comment, want %s", i, got, want)
		}
		must(t, conn, fmt.Sprintf("SET wye.shard = 's%d'", i))
		if got := must(t, conn, "SELECT count(*) FROM users"); got != want {
			t.Errorf("shard %d: %s by wye.shard, want %s", i, got, want)
		}
	}
	must(t, conn, "RESET wye.shard")
	must(t, conn, "SET wye.key = '7'")
	home := must(t, conn, "SELECT count(*) FROM users")
	must(t, conn, "RESET wye.key")
	if all := must(t, conn, "SELECT count(*) FROM users"); all != "50" || home == "50" {
		t.Errorf("%s users on the shard of user 7, %s in all", home, all)
	}
	fails(t, conn, "/* wye: shard=nowhere */ SELECT count(*) FROM users", "22023")
}

// TestShardRecodedOrder: where the servers' text comes in another encoding, its
// bytes are neither merged nor folded by.
func TestShardRecodedOrder(t *testing.T) {
	t.Parallel()
	_, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	var values []string
	for i, name := range []string{"я", "ё", "аб", "бю", "юа", "ё", "б", "яя"} {
		values = append(values, fmt.Sprintf("(%d, '%s', '%c')", i, name, []rune("ёЁ")[i%2]))
	}
	must(t, conn, "INSERT INTO users (id, name, country) VALUES "+strings.Join(values, ", "))
	fromCyrillic := strings.NewReplacer("\xff", "я", "\xb8", "ё", "\xe0", "а", "\xe1", "б", "\xfe", "ю", "\xa8", "Ё")
	ask := func(sql string) (lines []string) {
		rows, err := run(conn, sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for _, row := range rows {
			line := strings.Join(row, " ")
			if !utf8.ValidString(line) {
				line = fromCyrillic.Replace(line)
			}
			lines = append(lines, line)
		}
		return lines
	}
	for _, c := range []struct{ sql, how string }{
		{`SELECT name FROM users ORDER BY name COLLATE "C", id`, "merge"},
		{`SELECT min(name COLLATE "C"), max(name COLLATE "C") FROM users`, "fold"},
		{`SELECT country, count(*) FROM users GROUP BY country ORDER BY 2, max(id)`, "fold"},
	} {
		must(t, conn, "SET client_encoding = 'UTF8'")
		want, plan := ask(c.sql), strings.Join(ask("EXPLAIN ROUTE "+c.sql), "\n")
		must(t, conn, "SET client_encoding = 'WIN1251'") // where ё comes before а
		got, recoded := ask(c.sql), strings.Join(ask("EXPLAIN ROUTE "+c.sql), "\n")
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", c.sql, got, want)
		}
		if !strings.Contains(plan, c.how) || !strings.Contains(recoded, "combine") {
			t.Errorf("%s: %s; recoded: %s", c.sql, plan, recoded)
		}
	}
}

// TestShardEncoding: what a client writes in another encoding than the
// servers' is never placed by its bytes.
func TestShardEncoding(t *testing.T) {
	t.Parallel()
	_, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 10)
	must(t, conn, "SET client_encoding = 'LATIN1'")
	if got := must(t, conn, "SELECT count(*) FROM users WHERE name <> 'x'"); got != "10" {
		t.Errorf("ASCII is refused, or worse: %q", got)
	}
	fails(t, conn, "UPDATE users SET name = '\xe9'", "0A000")
	args := func(values ...string) (list [][]byte) {
		for _, v := range values {
			list = append(list, []byte(v))
		}
		return list
	}
	ctx := soon(t, 20*time.Second)
	wantError(t, conn.ExecParams(ctx, "UPDATE users SET name = $1", args("\xe9"), nil, nil, nil).Read().Err, "0A000")
	wantError(t, conn.ExecParams(ctx, "INSERT INTO users (id, name) VALUES ($1, $2)", args("77", "\xe9"), nil, nil, nil).Read().Err, "0A000")
	fails(t, conn, "COPY users FROM STDIN", "0A000")
	must(t, conn, "SET client_encoding = 'UTF8'")
	if res := conn.ExecParams(ctx, "INSERT INTO users (id, name) VALUES ($1, $2)", args("77", "é"), nil, nil, nil).Read(); res.Err != nil {
		t.Error(res.Err)
	}
	if got := must(t, conn, "SELECT name FROM users WHERE id = 77"); got != "é" {
		t.Errorf("got %q", got)
	}
}
