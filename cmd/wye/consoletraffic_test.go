package main

import (
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// console is a connection to the console.
type console struct {
	*pgconn.PgConn
	t testing.TB
}

func openConsole(t testing.TB, addr, user string) console {
	t.Helper()
	return console{connect(t, dsnOf(addr, user, "pgbouncer")), t}
}

// show returns the rows of a SHOW by column.
func (c console) show(what string) []map[string]string {
	c.t.Helper()
	results, err := c.Exec(soon(c.t, generous), "show "+what).ReadAll()
	if err != nil {
		c.t.Fatalf("show %s: %v", what, err)
	}
	var rows []map[string]string
	for _, r := range results[0].Rows {
		row := map[string]string{}
		for i, v := range r {
			row[results[0].FieldDescriptions[i].Name] = string(v)
		}
		rows = append(rows, row)
	}
	return rows
}

// pool is the row of SHOW POOLS of a user.
func (c console) pool(user string) map[string]string {
	c.t.Helper()
	for _, row := range c.show("pools") {
		if row["user"] == user && row["database"] == "app" {
			return row
		}
	}
	c.t.Fatalf("no pool of %s", user)
	return nil
}

// want compares some columns of a row.
func want(t testing.TB, row map[string]string, columns map[string]string) {
	t.Helper()
	for name, value := range columns {
		if row[name] != value {
			t.Errorf("%s is %q, want %q (row %v)", name, row[name], value, row)
		}
	}
}

// later runs SQL in the background.
func later(conn *pgconn.PgConn, sql string) <-chan error {
	done := make(chan error, 1)
	go func() { _, err := run(conn, sql); done <- err }()
	return done
}

// still checks that something has not ended.
func still(t testing.TB, what string, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("%s ended: %v", what, err)
	case <-time.After(150 * time.Millisecond):
	}
}

func TestConsoleCountsTraffic(t *testing.T) {
	t.Parallel()
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}"))
	ops := openConsole(t, addr, "ops")
	var clients []*pgconn.PgConn
	for i := range 5 {
		clients = append(clients, connect(t, dsn(addr, "application_name=client"+strconv.Itoa(i))))
	}
	want(t, ops.pool("app"), map[string]string{"cl_active": "5", "cl_waiting": "0", "sv_active": "0", "sv_idle": "1", "maxwait": "0", "pool_mode": "transaction"})
	pid := must(t, clients[0], "begin; select pg_backend_pid()")
	must(t, clients[1], beginHere)
	want(t, ops.pool("app"), map[string]string{"cl_active": "5", "cl_waiting": "0", "sv_active": "2", "sv_idle": "0"})
	waits := []<-chan error{later(clients[2], "select 1"), later(clients[3], "select 1")}
	eventually(t, "two wait", func() bool { return ops.pool("app")["cl_waiting"] == "2" })
	want(t, ops.pool("app"), map[string]string{"cl_active": "3", "sv_active": "2"})
	time.Sleep(1100 * time.Millisecond)
	if row := ops.pool("app"); row["maxwait"] == "0" || row["maxwait_us"] == "" {
		t.Errorf("maxwait is %s s %s us", row["maxwait"], row["maxwait_us"])
	}

	byName := map[string]map[string]string{}
	for _, row := range ops.show("clients") {
		if row["database"] == "app" {
			byName[row["application_name"]] = row
		}
	}
	want(t, byName["client0"], map[string]string{"state": "active", "user": "app", "addr": "127.0.0.1", "tls": ""})
	want(t, byName["client2"], map[string]string{"state": "waiting", "wait": "1", "link": ""})
	want(t, byName["client4"], map[string]string{"state": "idle", "link": ""})
	found := false
	for _, row := range ops.show("servers") {
		if row["remote_pid"] == pid {
			found = true
			want(t, row, map[string]string{"state": "active", "link": byName["client0"]["ptr"], "ptr": byName["client0"]["link"], "user": "app", "database": "app"})
		}
	}
	if !found {
		t.Errorf("no server conn has pid %s", pid)
	}
	want(t, ops.show("databases")[0], map[string]string{"name": "app", "pool_size": "2", "current_connections": "2", "current_client_connections": "5", "paused": "0"})
	must(t, clients[0], "commit")
	must(t, clients[1], "rollback")
	for _, done := range waits {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	want(t, ops.pool("app"), map[string]string{"cl_active": "5", "cl_waiting": "0", "sv_active": "0", "sv_idle": "2", "maxwait": "0"})
}

func TestConsoleStatistics(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}"))
	ops := openConsole(t, addr, "ops")
	conn := connect(t, dsn(addr))
	totals := func() map[string]int64 {
		counts := map[string]int64{}
		for name, value := range ops.show("stats_totals")[0] {
			counts[name], _ = strconv.ParseInt(value, 10, 64)
		}
		return counts
	}
	began := totals()
	grown := func(what string, want map[string]int64) {
		t.Helper()
		now := totals()
		for name, n := range want {
			if got := now[name] - began[name]; got != n {
				t.Errorf("%s: %s grew by %d, want %d", what, name, got, n)
			}
		}
		began = now
	}
	for range 10 {
		must(t, conn, "select 1")
	}
	grown("ten queries", map[string]int64{"query_count": 10, "xact_count": 10, "server_assignment_count": 10, "client_parse_count": 0, "client_login_count": 0})
	for _, sql := range []string{"begin", "select 1", "select 2", "commit"} {
		must(t, conn, sql)
	}
	grown("a transaction", map[string]int64{"query_count": 4, "xact_count": 1, "server_assignment_count": 1})
	if _, err := conn.Prepare(t.Context(), "s", "select $1::int", nil); err != nil {
		t.Fatal(err)
	}
	grown("a Parse", map[string]int64{"client_parse_count": 1, "server_parse_count": 1, "bind_count": 0})
	for range 5 {
		if err := conn.ExecPrepared(t.Context(), "s", [][]byte{[]byte("1")}, nil, nil).Read().Err; err != nil {
			t.Fatal(err)
		}
	}
	grown("five Binds", map[string]int64{"query_count": 5, "xact_count": 5, "bind_count": 5, "server_parse_count": 0})
	p := conn.StartPipeline(t.Context())
	for range 7 {
		p.SendQueryPrepared("s", [][]byte{[]byte("1")}, nil, nil)
	}
	if err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	grown("a pipeline of seven", map[string]int64{"query_count": 7, "xact_count": 1, "bind_count": 7})
	fails(t, conn, "select nonsense", "42703")
	grown("an error", map[string]int64{"query_count": 1, "xact_count": 1})
	connect(t, dsn(addr))
	grown("a login", map[string]int64{"client_login_count": 1, "query_count": 0})
	must(t, conn, "select repeat('x', 100000)")
	now := totals()
	if sent := now["bytes_sent"] - began["bytes_sent"]; sent < 100000 || sent > 100500 {
		t.Errorf("bytes_sent grew by %d", sent)
	}
	if received := now["bytes_received"] - began["bytes_received"]; received < 30 || received > 100 {
		t.Errorf("bytes_received grew by %d", received)
	}
	began = now
	must(t, conn, "select pg_sleep(0.2)")
	now = totals()
	for _, name := range []string{"query_time", "xact_time"} {
		if took := time.Duration(now[name]-began[name]) * time.Microsecond; took < 200*time.Millisecond || took > prompt {
			t.Errorf("%s grew by %v", name, took)
		}
	}
}
