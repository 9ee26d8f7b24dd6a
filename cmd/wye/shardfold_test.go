package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestShardFold: what is folded is what one server says of the same rows, in
// text and in binary, at the first time and again; and an error, of a shard
// or of a limit, comes before any row.
func TestShardFold(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "    gather: {max_rows: 60}")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 50)
	var events []string
	for i := range 12 {
		events = append(events, fmt.Sprintf("('202%d-11-0%d', 'w%d')", i%8, 1+i%3, i%5))
	}
	must(t, conn, "INSERT INTO events VALUES "+strings.Join(events, ", "))
	one := connect(t, list[0].Primary.URL("app", "app")) // the same rows on one server
	must(t, one, "CREATE TEMP TABLE e (at date, what text)")
	must(t, one, "CREATE TEMP TABLE u (id bigint, name text, country text, balance numeric(12,2))")
	must(t, one, "INSERT INTO e VALUES "+strings.Join(events, ", "))
	must(t, one, "INSERT INTO u SELECT i, 'user ' || i, (ARRAY['de', 'fr', 'it'])[1 + i % 3], i + 0.5 FROM generate_series(1, 50) i")
	for _, sql := range []string{
		"SELECT at + 1, count(*), min(what COLLATE \"C\") FROM events GROUP BY 1 ORDER BY 1 DESC",
		"SELECT what = 'w1', max(at), min(at) FROM events GROUP BY 1 ORDER BY 1",
		"SELECT count(*), avg(balance), sum(balance), sum(id), max(id) FROM users",
		"SELECT country, avg(id) FROM users GROUP BY country ORDER BY sum(id) LIMIT 2 OFFSET 1",
	} {
		if route := allRows(t, conn, "EXPLAIN ROUTE "+sql); !strings.Contains(route, "fold") {
			t.Errorf("not folded: %s", route)
		}
		here := strings.NewReplacer("FROM events", "FROM e", "FROM users", "FROM u").Replace(sql)
		for i, format := range []int16{0, 1, 0} {
			got, want := asked(t, conn, sql, format), asked(t, one, here, format)
			if got != want {
				t.Errorf("%s, %d: got %s, want %s", sql, i, got, want)
			}
		}
		must(t, conn, "SET datestyle = 'German'")
		must(t, one, "SET datestyle = 'German'")
	}
	fails(t, conn, "SELECT country, sum(1 / (id - 7)) FROM users GROUP BY country", "22012")
	fails(t, conn, "SELECT country, count(nothing) FROM users GROUP BY country", "42703")
	fails(t, conn, "SELECT count(*) FROM users LIMIT -1", "2201W")
	must(t, conn, "BEGIN")
	fails(t, conn, "SELECT sum(1 / (id - 8)) FROM users", "22012")
	fails(t, conn, "SELECT count(*) FROM users", "25P02")
	must(t, conn, "ROLLBACK")
	var users []string
	for i := 51; i <= 80; i++ {
		users = append(users, fmt.Sprintf("(%d, 'x', 'de')", i))
	}
	must(t, conn, "INSERT INTO users VALUES "+strings.Join(users, ", "))
	fails(t, conn, "SELECT name, id % 1000, count(*) FROM users GROUP BY 1, 2", "54000")
	if got := must(t, conn, "SELECT count(*) FROM users"); got != "80" {
		t.Errorf("%s users", got)
	}
}

// TestShardLimitParameter: a LIMIT that was declared as another type than an
// integer is not taken for one.
func TestShardLimitParameter(t *testing.T) {
	t.Parallel()
	_, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 9)
	for _, sql := range []string{"SELECT id FROM users ORDER BY id LIMIT $1", "SELECT name = 'x' OR id > 5, count(*) FROM users GROUP BY id % 3, 1 LIMIT $1"} {
		for _, c := range []struct {
			oid    uint32
			value  string
			format int16
			rows   int
			code   string
		}{
			{0, " 2\n", 0, 2, ""}, {23, "\x00\x00\x00\x03", 1, 3, ""}, {20, "1", 0, 1, ""},
			{701, "\x40\x00\x00\x00\x00\x00\x00\x00", 1, 0, "0A000"}, {1700, "2.4", 0, 0, "0A000"},
			{0, "99999999999999999999", 0, 0, "22003"}, {0, "two", 0, 0, "22P02"},
		} {
			r := conn.ExecParams(soon(t, 20*time.Second), sql, [][]byte{[]byte(c.value)}, []uint32{c.oid}, []int16{c.format}, nil).Read()
			if c.code != "" {
				wantError(t, r.Err, c.code)
			} else if r.Err != nil || len(r.Rows) != c.rows {
				t.Errorf("%s, %q: %d rows, want %d: %v", sql, c.value, len(r.Rows), c.rows, r.Err)
			}
		}
	}
}

// asked is a statement's answer with all that the protocol says of it, by the
// extended protocol.
func asked(t *testing.T, conn *pgconn.PgConn, sql string, format int16) string {
	t.Helper()
	r := conn.ExecParams(soon(t, 20*time.Second), sql, nil, nil, nil, []int16{format}).Read()
	if r.Err != nil {
		t.Fatalf("%s: %v", sql, r.Err)
	}
	var b strings.Builder
	for _, f := range r.FieldDescriptions {
		fmt.Fprintf(&b, "%s %d %d %d, ", f.Name, f.DataTypeOID, f.TypeModifier, f.Format)
	}
	for _, row := range r.Rows {
		fmt.Fprintf(&b, "%q", row)
	}
	return b.String() + r.CommandTag.String()
}

// allRows are the first columns of all rows.
func allRows(t *testing.T, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	rows, err := run(conn, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(row[0] + "\n")
	}
	return b.String()
}
