//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/catalog"
)

// TestCatalogOfPgbench: the canned server's catalog is what PostgreSQL says
// of pgbench's tables. Its own functions and types, results 1 and 2 of
// catalog.Queries, are left out, being those of one version.
func TestCatalogOfPgbench(t *testing.T) {
	o, err := readOptions([]string{"-wye", ".", "-scale", "1"}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStage(o)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(s.dir)
	c, err := s.boot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	conn, err := pgconn.Connect(t.Context(), c.Primary.URL(s.user, s.database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	results, err := plantest.Results(t.Context(), conn, catalog.Queries)
	if err != nil {
		t.Fatal(err)
	}
	results[1], results[2] = nil, nil
	got := plantest.Format(results)
	file := filepath.Join("fakepg", "pgbench.catalog")
	if os.Getenv("WYE_REWRITE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got {
		t.Errorf("%s is not what the server says (WYE_REWRITE=1 rewrites it): %v; got\n%s", file, err, got)
	}
}
