package proxy

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/router/catalog"
)

// TestFingerprintOfManyTables: definitions are compared within the time that
// a question to the primary may take, however large the catalog is.
// WYE_CACHE_TABLES=10000 makes it large.
func TestFingerprintOfManyTables(t *testing.T) {
	tables := 300
	if n, err := strconv.Atoi(os.Getenv("WYE_CACHE_TABLES")); err == nil {
		tables = n
	}
	c := testpg.Start(t, testpg.Options{})
	ctx, stop := context.WithTimeout(t.Context(), 9*time.Minute)
	defer stop()
	conn, err := pgconn.Connect(ctx, c.Primary.SuperuserURL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	ask := func(sql string) string {
		t.Helper()
		results, err := conn.Exec(ctx, sql).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(results) == 0 || len(results[0].Rows) == 0 {
			return ""
		}
		return string(results[0].Rows[0][0])
	}
	for from := 0; from < tables; from += 100 { // each transaction locks what it makes
		ask(fmt.Sprintf(`do $$ begin for i in %d..%d loop
			execute format('create table t%%s (id int8 primary key, a text not null, b text, c timestamptz default now(), d numeric check (d > 0), e int, f int, g jsonb, unique (e, f))', i);
		end loop; end $$`, from, min(from+100, tables)-1))
	}
	ask("analyze pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_constraint")
	timed := func(sql string) (answer string, best, worst time.Duration) {
		best = time.Hour
		for range 5 {
			began := time.Now()
			answer = ask(sql)
			took := time.Since(began)
			best, worst = min(best, took), max(worst, took)
		}
		return answer, best, worst
	}
	before, best, worst := timed(fingerprintSQL)
	t.Logf("%d tables: the fingerprint takes %v to %v", tables, best, worst)
	began := time.Now()
	ask(catalog.Queries)
	t.Logf("the whole catalog is read in %v", time.Since(began))
	if best > elsewhereDefinitions {
		t.Errorf("the fingerprint takes %v, of %v that it may", best, elsewhereDefinitions)
	}
	ask("alter table t7 alter column b set not null")
	ask("alter table t8 add column z text")
	if after := ask(fingerprintSQL); after == before {
		t.Error("it does not tell that a column was added")
	}
}
