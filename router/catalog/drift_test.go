package catalog

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/internal/testpg"
)

// TestDrift changes one of two equal databases in the ways of
// testdata/drift.txt, each in a transaction that is rolled back: what the
// statements do, and what Compare says of it.
func TestDrift(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "drift"})
	schema, err := plantest.Read("shards/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Primary.Exec(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	conn, err := pgconn.Connect(t.Context(), cluster.Primary.SuperuserURL(cluster.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	run := func(sql string) [][][]*string {
		results, err := plantest.Results(t.Context(), conn, sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return results
	}
	snapshot := func() *Snapshot {
		s, err := Build(run(Queries))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	lead := snapshot()
	if list := Compare(lead, snapshot(), nil); len(list) > 0 {
		t.Fatalf("a database differs from itself: %v", list)
	}
	plantest.Golden(t, filepath.Join("testdata", "drift.txt"), func(_, sql string) string {
		run("begin")
		defer run("rollback")
		run(sql)
		skip := func(schema, name string) bool { return schema == "public" && name == "settings" }
		var lines []string
		for _, d := range Compare(lead, snapshot(), skip) {
			lines = append(lines, d.String())
		}
		if len(lines) == 0 {
			return "the same"
		}
		return strings.Join(lines, "\n")
	})
}
