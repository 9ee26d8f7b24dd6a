//go:build linux

package fakepg

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/proxy/watch"
	"github.com/wyeproxy/wye/router/catalog"
)

func started(t *testing.T) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func connect(t *testing.T, s *Server, r Role) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), "postgres://u@"+s.Addr(r)+"/d?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// asks is a watcher's way to the canned servers.
type asks []*pgconn.PgConn

func (a asks) Ask(ctx context.Context, node int, sql string) (rows [][]string, err error) {
	results, err := plantest.Results(ctx, a[node], sql)
	if err != nil {
		return nil, err
	}
	for _, r := range results[0] {
		var row []string
		for _, v := range r {
			row = append(row, *v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (asks) Drop(int) {}

// TestWatcherUnderstands: the package that asks takes the one for a primary
// and the other for a replica that is as fresh as it, and goes on so once it
// asks its shorter question.
func TestWatcherUnderstands(t *testing.T) {
	s := started(t)
	w := watch.New(watch.Options{
		Nodes: []string{s.Addr(Primary), s.Addr(Replica)}, Ask: asks{connect(t, s, Primary), connect(t, s, Replica)},
		Interval: 10 * time.Millisecond, Timeout: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
	})
	w.Start()
	defer w.Close()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	if n, err := w.AwaitPrimary(ctx); n != int(Primary) || err != nil {
		t.Fatalf("the primary is %d, %v", n, err)
	}
	for range 5 {
		if err := w.SampleNow(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for !w.Replica(int(Replica)) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	view := w.View()
	if !w.Replica(int(Replica)) || w.Replica(int(Primary)) {
		t.Errorf("%+v", view)
	}
	if s.Rows(Primary)+s.Rows(Replica) != 0 {
		t.Error("questions about the server count as reads")
	}
}

// TestCatalogIsUnderstood: what is answered makes a snapshot, with the tables
// and nothing else.
func TestCatalogIsUnderstood(t *testing.T) {
	s := started(t)
	results, err := plantest.Results(t.Context(), connect(t, s, Primary), catalog.Queries)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.Build(results)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history"} {
		if list := snapshot.Relations("public", name); len(list) != 1 || list[0].Kind != 'r' || list[0].Persistence != 'p' || list[0].Secured || list[0].Unbounded {
			t.Errorf("%s: %+v", name, list)
		}
	}
	if got := plantest.Format(results); got != pgbenchCatalog {
		t.Errorf("the file reads back as\n%s", got)
	}
}

// TestRolesAreTold: at the door, and in the counts.
func TestRolesAreTold(t *testing.T) {
	s := started(t)
	for r, want := range map[Role]string{Primary: "off", Replica: "on"} {
		c := connect(t, s, r)
		if got := c.ParameterStatus("in_hot_standby"); got != want {
			t.Errorf("in_hot_standby is %q on %d", got, r)
		}
		for range 3 + r {
			if res := c.ExecParams(t.Context(), "SELECT abalance FROM pgbench_accounts", nil, nil, nil, nil).Read(); res.Err != nil {
				t.Fatal(res.Err)
			}
		}
		if _, err := c.Exec(t.Context(), "select 1").ReadAll(); err != nil {
			t.Fatal(err)
		}
		for sql, tag := range map[string]string{"UPDATE t SET a = 1": "UPDATE 1", "INSERT INTO t VALUES (1)": "INSERT 0 1"} {
			if res, err := c.Exec(t.Context(), sql).ReadAll(); err != nil || len(res) != 1 || res[0].CommandTag.String() != tag {
				t.Errorf("%s: %+v, %v", sql, res, err)
			}
		}
	}
	if p, r := s.Rows(Primary), s.Rows(Replica); p != 4 || r != 5 {
		t.Errorf("%d reads on the primary and %d on the replica, want 4 and 5", p, r)
	}
}
