package admin

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/lib/pq"

	"github.com/wyeproxy/wye/proxy/stats"
)

func dsn(host, port, user string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=pgbouncer sslmode=disable connect_timeout=5", host, port, user)
}

// pgx in each of its five ways to run a query: simple, text and binary
// results, cached and described statements.
func TestPgx(t *testing.T) {
	host, port := listen(t, newProxy())
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeCacheStatement} {
		t.Run(mode.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			config, err := pgx.ParseConfig(dsn(host, port, "admin"))
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(ctx)
			readEverything(ctx, t, conn)
		})
	}
}

// readEverything reads each view twice, so that caches are used, and compares
// the values that matter with what went in.
func readEverything(ctx context.Context, t *testing.T, conn *pgx.Conn) {
	t.Helper()
	if err := conn.Ping(ctx); err != nil {
		t.Error(err)
	}
	for range 2 {
		for _, name := range stats.ViewNames() {
			rows, err := conn.Query(ctx, "SHOW "+name)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, err := pgx.CollectRows(rows, pgx.RowToMap); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	var sent, avg int64
	err := conn.QueryRow(ctx, "SHOW STATS WHERE database = 'shop'").Scan(nil, nil, nil, nil, nil, &sent, nil, nil, nil, nil, nil, nil, nil,
		nil, nil, nil, nil, &avg, nil, nil, nil, nil, nil, nil, nil)
	if err != nil || sent != 9000000000 || avg != 90000000 {
		t.Errorf("total_sent %d, avg_sent %d, %v", sent, avg, err)
	}
	var size int
	var forced *string
	err = conn.QueryRow(ctx, "SHOW DATABASES WHERE name = 'shop'").Scan(nil, nil, nil, nil, &forced, &size, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil)
	if err != nil || size != 20 || forced != nil {
		t.Errorf("pool_size %d, force_user %v, %v", size, forced, err)
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if tag, err := tx.Exec(ctx, "PAUSE shop"); err != nil || tag.String() != "PAUSE" {
		t.Errorf("PAUSE: %s %v", tag, err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Error(err)
	}
}

func TestLibPQ(t *testing.T) {
	host, port := listen(t, newProxy())
	db, err := sql.Open("postgres", dsn(host, port, "viewer")+" application_name=exporter extra_float_digits=2")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	prepared, err := db.Prepare("SHOW POOLS")
	if err != nil {
		t.Fatal(err)
	}
	defer prepared.Close()
	var database, user string
	args := []any{&database, &user}
	for range 15 {
		args = append(args, new(sql.NullString))
	}
	if err := prepared.QueryRow().Scan(args...); err != nil || database != "audit" || user != "ops" {
		t.Errorf("first pool %s %s, %v", database, user, err)
	}
	_, err = db.Exec("KILL shop")
	if wrong, ok := err.(*pq.Error); !ok || wrong.Code != "42501" || wrong.Hint == "" {
		t.Errorf("KILL by a viewer: %v", err)
	}
}

func TestPsql(t *testing.T) {
	host, port := listen(t, newProxy())
	cmd := exec.CommandContext(t.Context(), "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn(host, port, "admin"),
		"-c", "SHOW POOLS", "-c", "BEGIN; PAUSE shop; COMMIT", "-c", "SHOW HELP", "-c", "SHOW VERSION; SHOW STATE")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql (from the package postgresql-client): %v\n%s", err, out)
	}
	for _, want := range []string{
		"audit|ops|0|0|0|0|0|0|0|0|0|0|0|0|0|session|round-robin\n",
		"shop|app|3|1|0|0|2|0|0|5|0|0|0|2|500000|transaction|\n",
		"NOTICE:  Console usage", "KILL_CLIENT <client_id>", "PgBouncer 1.25.2 (wye 0.3.1)\n", "active|yes\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("psql does not print %q:\n%s", want, out)
		}
	}
}

// psycopg2 speaks the simple protocol, psycopg 3 the extended one, in text and
// in binary.
func TestPython(t *testing.T) {
	for _, driver := range []string{"psycopg2", "psycopg"} {
		t.Run(driver, func(t *testing.T) {
			p := newProxy()
			host, port := listen(t, p)
			out := python(t, "testdata/drivers.py", driver, dsn(host, port, "admin"), strings.Join(stats.ViewNames(), " "))
			if !strings.HasSuffix(out, "ok\n") {
				t.Errorf("%s says:\n%s", driver, out)
			}
			if calls := p.taken(); len(calls) != 1 || calls[0] != "reconnect shop" {
				t.Errorf("%s did %q", driver, calls)
			}
		})
	}
}

func TestAsyncpg(t *testing.T) {
	_, port := listen(t, newProxy())
	if out := python(t, "testdata/binary.py", port); out != "ok\n" {
		t.Errorf("asyncpg says:\n%s", out)
	}
}

// python runs a script with Debian's interpreter, where the packaged drivers
// are, unless there is none.
func python(t *testing.T, args ...string) string {
	t.Helper()
	program := "/usr/bin/python3"
	if _, err := os.Stat(program); err != nil {
		program = "python3"
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s (needs the packages python3-psycopg2, python3-psycopg and python3-asyncpg): %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}
