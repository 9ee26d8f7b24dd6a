package testpg

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// abandonVariable turns the test binary into a process that boots a cluster,
// says where, and waits to be killed.
const abandonVariable = "WYE_TESTPG_ABANDON"

func TestMain(m *testing.M) {
	if os.Getenv(abandonVariable) != "" {
		bootAndWait()
	}
	code := m.Run()
	fmt.Println("testpg:", Summary())
	os.Exit(code)
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func value(t *testing.T, n *Node, sql string) string {
	t.Helper()
	v, err := n.Value(testContext(t), sql)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func exec1(t *testing.T, n *Node, sql string) {
	t.Helper()
	if err := n.Exec(testContext(t), sql); err != nil {
		t.Fatal(err)
	}
}

func TestReplicaStreams(t *testing.T) {
	c := Start(t, Options{Name: "s0", Replicas: 2})
	t.Logf("boot of a primary and two replicas took %v", c.BootTime.Round(time.Millisecond))
	exec1(t, c.Primary, "CREATE TABLE t (id int); INSERT INTO t SELECT generate_series(1, 100)")
	for _, r := range c.Replicas {
		if err := r.WaitCaughtUp(testContext(t), c.Primary); err != nil {
			t.Fatal(err)
		}
		if got := value(t, r, "SELECT count(*) FROM t"); got != "100" {
			t.Errorf("%s has %s rows, want 100", r.Name, got)
		}
		if value(t, r, "SELECT pg_is_in_recovery()") != "t" {
			t.Errorf("%s is not a standby", r.Name)
		}
	}
	if n := value(t, c.Primary, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"); n != "2" {
		t.Errorf("%s replicas stream, want 2", n)
	}
	const id = "SELECT system_identifier FROM pg_control_system()"
	if p, r := value(t, c.Primary, id), value(t, c.Replicas[0], id); p != r {
		t.Errorf("system identifiers differ: %s and %s", p, r)
	}
	if got, want := value(t, c.Replicas[1], "SHOW cluster_name"), c.Replicas[1].ClusterName(); got != want {
		t.Errorf("cluster_name is %q, want %q", got, want)
	}
}

func TestShardsAreDifferentClusters(t *testing.T) {
	var wg sync.WaitGroup
	shards := make([]*Cluster, 3)
	for i := range shards {
		wg.Go(func() {
			c, err := Boot(testContext(t), Options{Name: fmt.Sprintf("s%d", i)})
			if err != nil {
				t.Error(err)
				return
			}
			shards[i] = c
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, c := range shards {
		if c == nil {
			continue
		}
		seen[value(t, c.Primary, "SELECT system_identifier FROM pg_control_system()")] = true
		seen[c.Primary.Addr()] = true
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 2*len(shards) {
		t.Errorf("identifiers and addresses are not all different: %v", seen)
	}
}

func TestUsersLogInOverTCPWithScram(t *testing.T) {
	c := Start(t, Options{
		Database: `odd "name`,
		Users:    []User{{Name: "owner", Password: "it's"}, {Name: "guest", Password: "g"}},
		Settings: map[string]string{"work_mem": "5MB"},
	})
	for _, user := range []string{"owner", "guest", Superuser} {
		conn, err := pgconn.Connect(testContext(t), c.Primary.URL(user, c.Database))
		if err != nil {
			t.Fatalf("as %s: %v", user, err)
		}
		if _, err := conn.Exec(testContext(t), "CREATE TABLE of_"+user+" ()").ReadAll(); err != nil {
			t.Errorf("as %s: %v", user, err)
		}
		conn.Close(testContext(t))
	}
	wrong := strings.Replace(c.Primary.URL("guest", c.Database), ":g@", ":x@", 1)
	_, err := pgconn.Connect(testContext(t), wrong)
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != "28P01" {
		t.Errorf("wrong password: got %v, want 28P01", err)
	}
	if got := value(t, c.Primary, "SHOW work_mem"); got != "5MB" {
		t.Errorf("work_mem is %s, want 5MB", got)
	}
}

func TestPromoteAndFollow(t *testing.T) {
	c := Start(t, Options{Replicas: 2})
	heir, other := c.Replicas[0], c.Replicas[1]
	exec1(t, c.Primary, "CREATE TABLE t (id int)")
	for _, r := range c.Replicas {
		if err := r.WaitCaughtUp(testContext(t), c.Primary); err != nil {
			t.Fatal(err)
		}
	}
	c.Primary.Kill()
	if err := heir.Promote(testContext(t)); err != nil {
		t.Fatal(err)
	}
	exec1(t, heir, "INSERT INTO t VALUES (1)")
	if err := other.Follow(testContext(t), heir); err != nil {
		t.Fatal(err)
	}
	if got := value(t, other, "SELECT count(*) FROM t"); got != "1" {
		t.Errorf("the other replica has %s rows, want 1", got)
	}
}

func TestKillThenRestart(t *testing.T) {
	c := Start(t, Options{})
	exec1(t, c.Primary, "CREATE TABLE t (id int)")
	conn, err := pgconn.Connect(testContext(t), c.Primary.SuperuserURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	c.Primary.Kill()
	if left := serversOf(c.Primary.dataDir+" ", c.Primary.ClusterName()); len(left) > 0 {
		t.Errorf("processes %v survived", left)
	}
	var pgErr *pgconn.PgError
	if _, err := conn.Exec(testContext(t), "SELECT 1").ReadAll(); err == nil || errors.As(err, &pgErr) {
		t.Errorf("a killed server answered: %v", err)
	}
	if err := c.Primary.WaitReady(testContext(t)); err == nil {
		t.Error("a killed server is ready")
	}
	addr := c.Primary.Addr()
	if err := c.Primary.Restart(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if c.Primary.Addr() != addr {
		t.Errorf("moved from %s to %s", addr, c.Primary.Addr())
	}
	if got := value(t, c.Primary, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("t has %s rows, want 0", got)
	}
}

func TestStopFreezes(t *testing.T) {
	c := Start(t, Options{})
	c.Primary.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := c.Primary.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("a frozen server answered")
	}
	c.Primary.Cont()
	exec1(t, c.Primary, "SELECT 1")
}

func TestShutdownFast(t *testing.T) {
	c := Start(t, Options{})
	if err := c.Primary.Shutdown(testContext(t), Fast); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(c.Primary.Log(), "database system is shut down") {
		t.Errorf("the log does not tell of a clean shutdown:\n%s", c.Primary.Log())
	}
}

func TestTLS(t *testing.T) {
	c := Start(t, Options{Name: "tls", TLS: true, HBA: []string{"hostssl all certain 127.0.0.1/32 cert"},
		Users: []User{{Name: "app", Password: "app"}, {Name: "certain"}}})
	ask := func(cfg *pgconn.Config) string {
		conn, err := pgconn.ConnectConfig(testContext(t), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(testContext(t))
		res, err := conn.Exec(testContext(t), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return string(res[0].Rows[0][0])
	}
	cfg, err := pgconn.ParseConfig(c.Primary.URL("app", c.Database))
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(cfg); got != "t" {
		t.Errorf("pg_stat_ssl says %s", got)
	}
	cert, key, err := c.IssueClientCert("certain")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err = pgconn.ParseConfig(c.Primary.URL("certain", c.Database))
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLSConfig.Certificates = []tls.Certificate{pair}
	if got := ask(cfg); got != "t" {
		t.Errorf("by certificate: pg_stat_ssl says %s", got)
	}
}
