package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// port asks which server a statement runs on; wye sends this one to the
// primary unless it is told otherwise.
const port = "select inet_server_port()"

// onReplica vouches for a statement, so that it runs on a replica.
const onReplica = "/* wye: role=replica */ "

func portOf(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

// explained is what EXPLAIN ROUTE says, on one line.
func explained(t testing.TB, conn *pgconn.PgConn, sql string) string {
	t.Helper()
	rows, err := run(conn, "explain route "+sql)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, row[0])
	}
	return strings.Join(lines, "; ")
}

// readsRig has a table with one row on a primary and a replica.
func readsRig(t *testing.T, cluster string) (rig drillRig, primary, replica string) {
	t.Helper()
	rig = startDrill(t, 1, cluster)
	ctx := soon(t, time.Minute)
	if err := rig.Primary.Exec(ctx, `create table t (a int); insert into t values (1); create sequence s;
		create view v as select a from t; grant all on t, s, v to public; grant create on schema public to public`); err != nil {
		t.Fatal(err)
	}
	if err := rig.Replicas[0].WaitCaughtUp(ctx, rig.Primary); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, rig.url)
	eventually(t, "the replica is read from", func() bool {
		return strings.HasPrefix(explained(t, conn, "select a from t"), "replica") &&
			must(t, connect(t, rig.url), onReplica+port) == portOf(rig.Replicas[0].Addr())
	})
	return rig, portOf(rig.Primary.Addr()), portOf(rig.Replicas[0].Addr())
}

// misroute makes a view that only reads, and a write of it behind wye's back.
// Its clients notice nothing. It returns where wye would send it afterwards.
func misroute(t *testing.T, rig drillRig, view string) string {
	t.Helper()
	ctx := soon(t, time.Minute)
	conn := connect(t, rig.url)
	change := func(sql string) {
		t.Helper()
		if err := rig.Primary.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
		if err := rig.Replicas[0].WaitCaughtUp(ctx, rig.Primary); err != nil {
			t.Fatal(err)
		}
	}
	read := "select a from " + view
	change("create sequence " + view + "_s; create view " + view + " as select a from t; grant all on " + view + ", " + view + "_s to public")
	eventually(t, read+" is known as a read", func() bool {
		_ = must(t, conn, read) // which has the catalog read again
		return strings.HasPrefix(explained(t, conn, read), "replica")
	})
	change("create or replace view " + view + " as select nextval('" + view + "_s')::int as a")
	if got := must(t, conn, read); got != "1" {
		t.Errorf("got %q", got)
	}
	if res := conn.ExecParams(t.Context(), read+" where a > $1", [][]byte{[]byte("0")}, nil, nil, nil).Read(); res.Err != nil {
		t.Error(res.Err)
	}
	return explained(t, conn, read)
}

// misrouteInFlight has a read wait on the replica, for the lock of whoever
// turns its view into a write, until wye's new catalog says so. What was
// proven when it was sent counts.
func misrouteInFlight(t *testing.T, rig drillRig) {
	ctx := soon(t, 3*time.Minute)
	on := func(n *testpg.Node, sql string) {
		t.Helper()
		if err := n.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	value := func(n *testpg.Node, sql string) string {
		t.Helper()
		v, err := n.Value(ctx, sql)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	conn, ddl := connect(t, rig.url), connect(t, rig.url)
	must(t, ddl, "create sequence flight_s")
	must(t, ddl, "create view flight as select a from t")
	eventually(t, "the view is read from the replica", func() bool {
		return must(t, conn, "select a from flight") == "1" && strings.HasPrefix(explained(t, conn, "select a from flight"), "replica")
	})
	if err := rig.Replicas[0].WaitCaughtUp(ctx, rig.Primary); err != nil {
		t.Fatal(err)
	}
	owner := connect(t, rig.Primary.URL("app", "app"))
	held := "select count(*) from pg_locks where relation = 'flight'::regclass and mode = 'AccessExclusiveLock' and granted"
	waiting := "select count(*) from pg_locks where relation = 'flight'::regclass and not granted"
	read := make(chan *pgconn.Result, 1)
	for try := 1; ; try++ {
		must(t, owner, "begin")
		must(t, owner, "create or replace view flight as select nextval('flight_s')::int as a")
		eventually(t, "the replica has the lock", func() bool { return value(rig.Replicas[0], held) == "1" })
		eventually(t, "the replica stands still and is read from", func() bool {
			on(rig.Replicas[0], "select pg_wal_replay_pause()")
			if strings.HasPrefix(explained(t, conn, "select a from flight"), "replica") {
				return true
			}
			on(rig.Replicas[0], "select pg_wal_replay_resume()")
			return false
		})
		go func() { read <- conn.ExecParams(ctx, "select a from flight", nil, nil, nil, nil).Read() }()
		there := false
		eventually(t, "the read waits", func() bool {
			there = value(rig.Replicas[0], waiting) == "1"
			return there || value(rig.Primary, waiting) == "1"
		})
		if there {
			break
		}
		// wye has read the catalog once more meanwhile, and the replica has not
		// replayed up to then: the primary is right, but not what is tested.
		if try == 10 {
			t.Fatal("each time the read waits on the primary")
		}
		must(t, owner, "rollback")
		on(rig.Replicas[0], "select pg_wal_replay_resume()")
		if res := <-read; res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	must(t, owner, "commit")
	must(t, ddl, "create table read_again ()")
	eventually(t, "wye knows of the change", func() bool {
		return strings.Contains(explained(t, ddl, "select a from flight"), "nextval is volatile")
	})
	on(rig.Replicas[0], "select pg_wal_replay_resume()")
	if res := <-read; res.Err != nil || len(res.Rows) != 1 || string(res.Rows[0][0]) != "1" {
		t.Errorf("%v, %v", res.Rows, res.Err)
	}
}

func TestReadsRouted(t *testing.T) {
	t.Parallel()
	// A busy machine must not keep the replica from its checks: reads would go
	// to the primary.
	rig, primary, replica := readsRig(t, "health: {timeout: 20s}")

	t.Run("overrides", func(t *testing.T) {
		conn := connect(t, rig.url)
		for _, step := range []struct{ sql, want string }{
			{port, primary},
			{onReplica + port, replica},
			{"set wye.role = 'replica'", ""},
			{"select a from t", "1"},
			{port, primary}, // a wish, which an unproven statement does not get
			{"set wye.role = 'primary'", ""},
			{"reset wye.role", ""},
		} {
			if step.want == replica { // which a busy machine may have kept from its checks
				eventually(t, step.sql+" is answered by the replica", func() bool { return must(t, conn, step.sql) == replica })
			} else if got := must(t, conn, step.sql); got != step.want {
				t.Errorf("%s: got %q, want %q", step.sql, got, step.want)
			}
		}
		fails(t, conn, "set wye.role = 'standby'", "22023")
		fails(t, conn, "/* wye: role=nobody */ select 1", "22023")
		must(t, conn, "select 1")
	})
	t.Run("read-only transactions", func(t *testing.T) {
		conn := connect(t, rig.url)
		for _, begin := range [][]string{{"begin read only"}, {"start transaction read only, isolation level repeatable read"}, {"begin", "set transaction read only"}} {
			for _, sql := range begin {
				must(t, conn, sql)
			}
			if conn.TxStatus() != 'T' {
				t.Errorf("%s: status %c", begin, conn.TxStatus())
			}
			must(t, conn, "select a from t")
			if got := must(t, conn, port); got != replica {
				t.Errorf("%s: on port %s, want the replica's", begin, got)
			}
			fails(t, conn, "insert into t values (2)", "25006")
			must(t, conn, "rollback")
		}
		must(t, conn, "begin isolation level serializable, read only")
		must(t, conn, "select a from t")
		if got := must(t, conn, port); got != primary {
			t.Error("a serializable transaction began on a replica")
		}
		must(t, conn, "commit")
		must(t, conn, "begin")
		must(t, conn, "select a from t")
		if got := must(t, conn, port); got != primary {
			t.Error("a transaction that may write began on a replica")
		}
		must(t, conn, "commit")
		must(t, conn, "begin read only")
		must(t, conn, "set local wye.role = 'primary'")
		if got := must(t, conn, "show wye.role"); got != "primary" {
			t.Errorf("wye.role is %q on the server", got)
		}
		if got := must(t, conn, port); got != primary {
			t.Error("SET LOCAL wye.role had no effect")
		}
		must(t, conn, "rollback")
	})
	t.Run("misroute", func(t *testing.T) {
		// wye reads the catalog when it likes: should it do so in between, it
		// knows of the change, and there is nothing to see.
		got := ""
		for try := 0; try < 5 && !strings.Contains(got, "25006"); try++ {
			if got = misroute(t, rig, fmt.Sprintf("turncoat%d", try)); !strings.Contains(got, "primary") {
				break
			}
		}
		if !strings.Contains(got, "primary") || !strings.Contains(got, "25006") {
			t.Errorf("a statement that a replica refused would go: %s", got)
		}
	})
	t.Run("misroute while the catalog is read", func(t *testing.T) { misrouteInFlight(t, rig) })
	t.Run("own writes", func(t *testing.T) {
		conn := connect(t, rig.url)
		if err := rig.Replicas[0].Exec(soon(t, time.Minute), "select pg_wal_replay_pause()"); err != nil {
			t.Fatal(err)
		}
		must(t, conn, "create table mine (a int)")
		for _, sql := range []string{"insert into mine values (7)", "update mine set a = 7"} {
			must(t, conn, sql)
			if got := must(t, conn, "select a from mine"); got != "7" {
				t.Errorf("after %s: %q", sql, got)
			}
		}
		token := must(t, conn, "show wye.token")
		other := connect(t, rig.url)
		must(t, other, "set wye.token = '"+token+"'")
		if got := must(t, other, "select a from mine"); got != "7" {
			t.Errorf("with the token: %q", got)
		}
		fails(t, other, "set wye.token = 'yesterday'", "22023")
		if err := rig.Replicas[0].Exec(soon(t, time.Minute), "select pg_wal_replay_resume()"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "reads go to the replica again", func() bool {
			must(t, conn, "select a from mine")
			return strings.Contains(explained(t, conn, "select a from mine"), rig.Replicas[0].Addr())
		})
	})
}
