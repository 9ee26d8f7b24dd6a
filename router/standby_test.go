package router

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/router/plan"
)

// TestStandby runs every statement of both corpora that Route sends to a
// replica on a real one: each must work there, and the session must be as
// before: no lock, no setting, no cursor, nothing it listens to.
func TestStandby(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "router", Replicas: 1})
	schema, err := plantest.Read("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Primary.Exec(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	replica := cluster.Replicas[0]
	if err := replica.WaitCaughtUp(t.Context(), cluster.Primary); err != nil {
		t.Fatal(err)
	}
	conn, err := pgconn.Connect(t.Context(), replica.SuperuserURL(cluster.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	r, reader := newTestRouter(t)
	before, ran := traces(t, conn), 0
	for _, file := range []string{"reads.sql", "disguises.sql"} {
		for _, sql := range statements(t, file, 1) {
			p, ok := r.Route(reader.Read([]byte(sql)), Facts{}).(*plan.Direct)
			if !ok || p.Role != plan.Replica {
				continue
			}
			ran++
			if _, err := conn.Exec(t.Context(), sql).ReadAll(); err != nil {
				t.Errorf("%s\n%v", sql, err)
			}
			if after := traces(t, conn); after != before {
				t.Fatalf("%s\nleft %s", sql, after)
			}
		}
	}
	if ran < 200 {
		t.Errorf("only %d statements went to the replica", ran)
	}
}

// traces is what a session can leave behind on a standby.
func traces(t *testing.T, conn *pgconn.PgConn) string {
	t.Helper()
	results, err := plantest.Results(t.Context(), conn, `select
		(select count(*) from pg_locks where pid = pg_backend_pid() and locktype in ('advisory', 'object', 'userlock')),
		(select string_agg(name || '=' || setting, ',' order by name) from pg_settings where source = 'session'),
		(select count(*) from pg_prepared_statements), (select count(*) from pg_cursors where is_holdable),
		(select count(*) from pg_listening_channels()), current_setting('my.var', true), current_schemas(true), current_user,
		pg_current_xact_id_if_assigned()`)
	var failed *pgconn.PgError
	if errors.As(err, &failed) {
		t.Fatal(failed.Message)
	}
	if err != nil {
		t.Fatal(err)
	}
	return plantest.Format(results)
}
