package shardplan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/router/catalog"
)

// TestFixture: schema.catalog is what the server says of schema.sql.
func TestFixture(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "shardplan"})
	if !strings.HasPrefix(cluster.Version, "15.") {
		t.Skip("the fixture is of PostgreSQL 15")
	}
	dir := filepath.Join(plantest.Dir(), "shards")
	schema, err := os.ReadFile(filepath.Join(dir, "schema.sql"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Primary.Exec(t.Context(), string(schema)); err != nil {
		t.Fatal(err)
	}
	conn, err := pgconn.Connect(t.Context(), cluster.Primary.SuperuserURL(cluster.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	results, err := plantest.Results(t.Context(), conn, catalog.Queries)
	if err != nil {
		t.Fatal(err)
	}
	results[1], results[2] = nil, nil // PostgreSQL's own, of one version
	got := plantest.Format(results)
	file := filepath.Join(dir, "schema.catalog")
	if rewriteGolden {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got {
		t.Errorf("%s is not what the server says (WYE_REWRITE=1 rewrites it): %v", file, err)
	}
}
