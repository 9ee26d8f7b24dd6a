package sqlparse

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// factsSchema is what testdata/sql/facts/reads.txt reads.
const factsSchema = `
	create table t (a int, b text); create table u (a int, b text); create table v (a int, b text);
	create schema s; create table s.x (a int, b text); create table "T" (a int);
	create table p (a int) partition by list (a); create table p1 partition of p for values in (1);
	insert into t values (1, 'x'), (2, 'y'); insert into u select * from t;
	create view vw as select * from t; create materialized view mv as select * from t;
	create type s.mood as enum ('x', 'y'); create domain s.positive as int check (value > 0);
	create type s.pair as (f1 int, f2 text); create type s.pair3 as (a int, b text, c int);
	create function label(t) returns text stable language sql as 'select $1.b';
	create function twice(x int) returns int immutable language sql as 'select 2 * x';
	create function s.twice(x int) returns int immutable language sql as 'select 2 * x';
	create function s.label_of(text) returns s.mood stable language sql as 'select $1::s.mood';
	create function s.r(int) returns record stable language sql as 'select 1, ''x''::s.mood';
	create function cmp(a int, b int) returns bool immutable language sql as 'select a = b';
	create function neg(a int) returns int immutable language sql as 'select -a';
	create operator @+ (leftarg = int, rightarg = int, function = cmp); create operator @+ (rightarg = int, function = neg);
	create operator s.@+ (leftarg = int, rightarg = int, function = cmp);
	create domain s.odd as s.positive check (value % 2 = 1); create aggregate s.agg(int) (sfunc = int4pl, stype = int, initcond = 0);
	grant usage on schema s to app; grant select on all tables in schema s, public to app;`

// TestReadsOnStandby: what has no Blame is accepted by a server in recovery,
// unless it calls a function that the catalog must blame.
func TestReadsOnStandby(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "facts", Replicas: 1})
	replica := cluster.Replicas[0]
	if err := cluster.Primary.Exec(t.Context(), factsSchema); err != nil {
		t.Fatal(err)
	}
	if err := replica.WaitCaughtUp(t.Context(), cluster.Primary); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), replica.URL("app", "app"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	t.Run("reads", func(t *testing.T) {
		for _, c := range goldenCases(t, filepath.Join(goldenDir, "facts/reads.txt")) {
			if err := runRead(t, conn.PgConn(), c.sql); err != nil {
				t.Errorf("%s: %v", c.sql, err)
			}
		}
	})
	t.Run("depends", func(t *testing.T) { testDependencies(t, cluster.Primary) })
	t.Run("all", func(t *testing.T) { testBlameless(t, conn.PgConn()) })
}

// testBlameless runs every golden text without a Blame. Most name what is not
// there, which is not our concern.
func testBlameless(t *testing.T, conn *pgconn.PgConn) {
	r, ran := newTestReader(t, 1<<20), 0
	for _, sql := range goldenSQL(t) {
		f := r.Read([]byte(sql)).Facts()
		if f == nil || f.Blame != "" || slices.ContainsFunc(f.Functions, func(c Call) bool { return writers[c.Name] }) {
			continue
		}
		ran++
		var refused *pgconn.PgError
		if err := runRead(t, conn, sql); errors.As(err, &refused) && refused.Code == "25006" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if ran < 150 {
		t.Errorf("only %d ran", ran)
	}
}

// writers are functions in the golden texts that a standby refuses to run.
var writers = map[string]bool{"nextval": true, "setval": true, "txid_current": true, "pg_current_xact_id": true, "pg_notify": true, "lo_create": true}

func runRead(t *testing.T, conn *pgconn.PgConn, sql string) error {
	if strings.HasPrefix(sql, "copy") {
		_, err := conn.CopyTo(t.Context(), io.Discard, sql)
		return err
	}
	_, err := conn.Exec(t.Context(), sql).ReadAll()
	return err
}
