package main

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Reads stay on the primary, unless somebody asks for a replica.
func TestReadsPrimary(t *testing.T) {
	t.Parallel()
	rig := startDrill(t, 1, "split: {reads: primary}")
	conn := connect(t, rig.url)
	eventually(t, "a hint finds the replica", func() bool {
		return must(t, conn, onReplica+port) == portOf(rig.Replicas[0].Addr())
	})
	if got := explained(t, conn, "values (1)"); !strings.HasPrefix(got, "primary") {
		t.Errorf("a read without a wish: %s", got)
	}
}

func TestRouteReplica(t *testing.T) {
	t.Parallel()
	rig, _, replica := readsRig(t, "")
	_, addr := startProxy(t, rig.Cluster, `
clusters:
  app: {nodes: ["`+rig.Primary.Addr()+`", "`+rig.Replicas[0].Addr()+`"], database: "{db}", backend: {tls: {mode: disable}}}
users:
  - {name: app, password: app}
listeners:
  - {name: ro, bind: "127.0.0.1:0", route: replica}
`)
	conn := connect(t, dsn(addr))
	if got := conn.ParameterStatus("in_hot_standby"); got != "on" {
		t.Errorf("in_hot_standby is %q", got)
	}
	eventually(t, "the replica is read from", func() bool { return must(t, conn, port) == replica })
	if e := fails(t, conn, "insert into t values (1)", "25006"); e.Hint == "" {
		t.Error("a refusal without a hint")
	}
	must(t, conn, "select a from t")
}

func TestSplitTransactions(t *testing.T) {
	t.Parallel()
	rig, primary, replica := readsRig(t, "split: {transactions: true}")
	conn := connect(t, rig.url)
	must(t, conn, "begin")
	must(t, conn, "select a from t")
	status := func(want byte) {
		t.Helper()
		if got := conn.TxStatus(); got != want {
			t.Errorf("status %c, want %c", got, want)
		}
	}
	status('T')
	if route := explained(t, conn, "select a from t"); !strings.HasPrefix(route, "replica") {
		t.Errorf("a read before the first write: %s", route)
	}
	read := func() *pgconn.Result {
		return conn.ExecParams(t.Context(), "select a from t where a = $1", [][]byte{[]byte("1")}, nil, nil, nil).Read()
	}
	if res := read(); res.Err != nil || string(res.Rows[0][0]) != "1" {
		t.Errorf("%v", res)
	}
	status('T')
	must(t, conn, "insert into t values (3)")
	if got := must(t, conn, port); got != primary {
		t.Errorf("after a write on port %s, want the primary's", got)
	}
	if got := must(t, conn, "select count(*) from t"); got != "2" {
		t.Errorf("%s rows in the transaction", got)
	}
	must(t, conn, "rollback")
	if got := must(t, conn, "select count(*) from t"); got != "1" {
		t.Errorf("%s rows after it", got)
	}
	// An error on the replica fails the transaction, as it would have.
	must(t, conn, "begin")
	fails(t, conn, "select 1 / (a - 1) from t", "22012")
	status('E')
	fails(t, conn, "select a from t", "25P02")
	must(t, conn, "commit")
	status('I')
	must(t, conn, "begin isolation level repeatable read")
	must(t, conn, "select a from t")
	if got := must(t, conn, port); got != primary || replica == primary {
		t.Error("a repeatable read was split")
	}
	must(t, conn, "commit")
}

// In the wider scopes a reader sees what anybody wrote through this wye, also
// a client in session mode, whose own statements are not routed.
func TestScopeDatabaseSeesSessionMode(t *testing.T) {
	t.Parallel()
	rig, _, _ := readsRig(t, "")
	if err := rig.Primary.Exec(soon(t, time.Minute), "create role other login password 'other'"); err != nil {
		t.Fatal(err)
	}
	_, addr := startProxy(t, rig.Cluster, `
clusters:
  app: {nodes: ["`+rig.Primary.Addr()+`", "`+rig.Replicas[0].Addr()+`"], database: "{db}", backend: {tls: {mode: disable}}, split: {read_your_writes: database}}
users:
  - {name: app, password: app}
  - {name: other, password: other, pool_mode: session}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`)
	reader, writer := connect(t, dsn(addr)), connect(t, dsnOf(addr, "other", "app"))
	eventually(t, "the replica is read from", func() bool {
		must(t, reader, "select a from t")
		return strings.Contains(explained(t, reader, "select a from t"), rig.Replicas[0].Addr())
	})
	if err := rig.Replicas[0].Exec(soon(t, time.Minute), "select pg_wal_replay_pause()"); err != nil {
		t.Fatal(err)
	}
	must(t, writer, "update t set a = 9")
	if got := must(t, reader, "select a from t"); got != "9" {
		t.Errorf("after another client's write: %q", got)
	}
}
