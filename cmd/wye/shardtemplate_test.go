package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestShardTemplates sends texts over two shards that differ only in literals
// of WHERE, which are planned once, and wants the answers of one PostgreSQL
// that has all rows: the errors too, with their places in the client's text.
func TestShardTemplates(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	superuser(t, list[0], "CREATE DATABASE one")
	one := connect(t, list[0].Primary.SuperuserURL("one"))
	for _, sql := range shardSchema {
		must(t, one, sql)
	}
	fillUsers(t, one, 60)
	fillUsers(t, conn, 60)
	for shape, values := range map[string][]any{
		"SELECT country, count(*) FROM users WHERE balance > %v GROUP BY country ORDER BY 1":                                 {10, 20, 59, "10.5", 60, 3000000000, "'20'", "'30'", "'x'", "'40'"},
		"SELECT country, sum(balance) FROM users WHERE balance <= -%v OR id < 9 GROUP BY 1 HAVING count(*) > 0.5 ORDER BY 2": {1, 0, 2, "0.5"},
		"SELECT id, name FROM users WHERE name LIKE '%v' AND balance BETWEEN 5 AND 50 ORDER BY id LIMIT 7":                   {"user 1%", "user _", "%5", "it''s", `a\\b`, ""},
		"SELECT avg(balance), min(name) FROM users WHERE NOT name = '%v'":                                                    {"user 1", "", "ä", "user 60"},
		"SELECT  avg(balance)  FROM  users WHERE balance > '%v' AND name <> 'x'":                                             {"20", "30", "x", "40"},
		"SELECT what, count(*) FROM events WHERE at > '%v' AND what <> 'x' GROUP BY 1":                                       {"2024-01-01", "2025-01-01", "2024-02-30", "soon"},
		"SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE o.total > %v ORDER BY o.total, u.name":  {55, 58, "59.2", "'a'", 10},
		"SELECT count(*) FROM users WHERE id = %v OR balance > 50":                                                           {3, 4, 5},
	} {
		for _, v := range values {
			sql := fmt.Sprintf(shape, v)
			for way, ask := range map[string]func(*pgconn.PgConn, string) (any, error){"simple": asSimple, "extended": asExtended} {
				want, wantErr := ask(one, sql)
				got, err := ask(conn, sql)
				if !reflect.DeepEqual(got, want) || !sameError(err, wantErr) {
					t.Errorf("%s, %s:\n%v, %+v\nwant\n%v, %+v", sql, way, got, err, want, wantErr)
				}
			}
		}
	}
}

func asSimple(conn *pgconn.PgConn, sql string) (any, error) {
	rows, err := run(conn, sql)
	return rows, err
}

func asExtended(conn *pgconn.PgConn, sql string) (any, error) {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	r := conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
	return r.Rows, r.Err
}

// sameError compares what PostgreSQL says of an error, and where.
func sameError(a, b error) bool {
	var x, y *pgconn.PgError
	if !errors.As(a, &x) || !errors.As(b, &y) {
		return a == nil && b == nil
	}
	return x.Code == y.Code && x.Message == y.Message && x.Position == y.Position
}
