package proxy

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/session"
)

// generous is how long a test waits for what takes milliseconds.
const generous = 30 * time.Second

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(generous); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// pair boots a primary with a replica, a proxy before them, and returns the
// pool of a client that has logged in.
func pair(t *testing.T, extra string) (*testpg.Cluster, *userPool) {
	t.Helper()
	c := testpg.Start(t, testpg.Options{Name: "glue", Replicas: 1})
	text := `
clusters:
  app: {nodes: ["` + c.Primary.Addr() + `", "` + c.Replicas[0].Addr() + `"], backend: {tls: {mode: disable}}, health: {interval: 100ms}` + extra + `}
users:
  - {name: app, password: app}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`
	cfg, problems := config.Parse("wye.yaml", []byte(text))
	if cfg == nil {
		t.Fatal(problems)
	}
	s, err := New(cfg, Options{Version: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	conn, err := pgconn.Connect(t.Context(), "postgres://app:app@"+s.Addrs()[0].String()+"/app?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	p := s.cluster("app").all()["app"]
	eventually(t, "the replica is read", func() bool { return p.Reader(session.Want{}) != nil })
	return c, p
}

// askedAt is the cluster_name of the server that the pool is at.
func askedAt(t *testing.T, p *connpool.Pool) string {
	t.Helper()
	conn, err := p.Acquire(&connpool.Waiter{Session: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release(conn)
	rows, err := askRows(t.Context(), conn.ServerConn, "show cluster_name")
	if err != nil {
		t.Fatal(err)
	}
	return rows[0][0]
}

func TestReaderIsTheReplica(t *testing.T) {
	c, p := pair(t, "")
	r := p.Reader(session.Want{})
	if got := askedAt(t, r.Pool); r.Node != 1 || got != c.Replicas[0].ClusterName() {
		t.Errorf("node %d, which is %s", r.Node, got)
	}
	if again := p.Reader(session.Want{}); again != r {
		t.Error("the same replica is another Reader")
	}
	if p.Reader(session.Want{Avoid: 1 << 1}) != nil {
		t.Error("a replica that is to be avoided is read")
	}
	wrote := freshness.Now()
	p.Wrote(wrote, []string{"t"}, false, false)
	if !p.Fresh(t.Context(), wrote, generous) || p.Reader(session.Want{Floor: wrote}) == nil {
		t.Error("the replica does not catch up")
	}
	if later := freshness.Now().Add(time.Hour); p.Reader(session.Want{Home: r, Floor: later}) != nil ||
		p.Reader(session.Want{Seen: later}) != nil || p.Reader(session.Want{Home: r, Seen: later}) == nil {
		t.Error("Floor and Seen are not kept")
	}

	c.Replicas[0].Kill()
	eventually(t, "nobody reads a dead replica", func() bool { return p.Reader(session.Want{}) == nil })
	if _, err := r.Pool.Acquire(&connpool.Waiter{Session: 1}); err == nil {
		t.Error("a conn to a dead replica was lent")
	}
}

func TestPrimaryPoolFollowsAPromotion(t *testing.T) {
	c, p := pair(t, "")
	if got := askedAt(t, p.Pool); got != c.Primary.ClusterName() {
		t.Errorf("at %s", got)
	}
	if release, err := p.Hold(1); release != nil || err != nil {
		t.Error("a request is held though there is a primary")
	}
	frozen, err := p.Acquire(&connpool.Waiter{Session: 2})
	if err != nil {
		t.Fatal(err)
	}
	c.Primary.Stop()
	defer c.Primary.Cont()
	f := p.cluster.fleet.Load()
	eventually(t, "the primary is missed", func() bool { _, ok := f.primary(); return !ok })
	if release, err := p.Hold(1); release == nil || err != nil {
		t.Errorf("a request is not held: %v", err)
	} else {
		release()
	}
	if err := c.Replicas[0].Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := f.watch.AwaitPrimary(t.Context()); n != 1 || err != nil {
		t.Errorf("the primary is %d, %v", n, err)
	}
	if got := askedAt(t, p.Pool); got != c.Replicas[0].ClusterName() {
		t.Errorf("at %s", got)
	}
	eventually(t, "who waits for the frozen one is told", frozen.Dead)
	p.Release(frozen)
}

func TestHoldIsBounded(t *testing.T) {
	c, p := pair(t, ", failover: {buffer: {window: 1h, max_requests: 2, max_bytes: 100B}}")
	c.Primary.Kill()
	p.Lost(c.Primary.Addr())
	eventually(t, "the primary is missed", func() bool { _, ok := p.cluster.fleet.Load().primary(); return !ok })
	first, err := p.Hold(60)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Hold(60); err == nil {
		t.Error("120 of 100 bytes are held")
	}
	second, err := p.Hold(1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Hold(1); err == nil {
		t.Error("3 of 2 requests are held")
	}
	first()
	second()
	if n := p.cluster.held.requests.Load(); n != 0 {
		t.Errorf("%d requests are held", n)
	}
}
