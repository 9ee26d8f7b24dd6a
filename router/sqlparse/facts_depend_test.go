package sqlparse

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// dependencies are the relations (r), functions (f), operators (o) and types
// (t) outside pg_catalog that PostgreSQL notes for the body of function probe.
const dependencies = `
	select distinct * from (
		select 'r', relnamespace::regnamespace::text, relname from pg_depend d join pg_class c on refclassid = 'pg_class'::regclass and c.oid = refobjid
			where objid = 'probe'::regproc and relkind <> 'c' union all
		select 'f', pronamespace::regnamespace::text, proname from pg_depend d join pg_proc c on refclassid = 'pg_proc'::regclass and c.oid = refobjid
			where objid = 'probe'::regproc union all
		select 'o', oprnamespace::regnamespace::text, oprname from pg_depend d join pg_operator c on refclassid = 'pg_operator'::regclass and c.oid = refobjid
			where objid = 'probe'::regproc union all
		select 't', t.typnamespace::regnamespace::text, t.typname from pg_depend d join pg_type c on refclassid = 'pg_type'::regclass and c.oid = refobjid
			join pg_type t on t.oid = case when c.typelem <> 0 then c.typelem else c.oid end
			where objid = 'probe'::regproc
	) x(kind, schema, name) where schema not in ('pg_catalog', 'information_schema')`

// testDependencies lets PostgreSQL resolve the names in a text, as the body
// of a function: whatever it finds must be in the facts. Only a name in a
// literal is none of theirs, since nothing is read by it.
func testDependencies(t *testing.T, primary *testpg.Node) {
	r, found := newTestReader(t, 1<<20), 0
	for _, file := range []string{"facts/depends.txt", "facts/reads.txt"} {
		for _, c := range goldenCases(t, filepath.Join(goldenDir, file)) {
			switch r.Read([]byte(c.sql)).Kind() {
			case KindSelect, KindInsert, KindUpdate, KindDelete, KindMerge:
			default:
				continue
			}
			err := primary.Exec(t.Context(), "create or replace function probe() returns void language sql begin atomic "+
				strings.TrimSuffix(c.sql, ";")+"\n; end")
			var refused *pgconn.PgError
			if errors.As(err, &refused) && refused.Code == "42601" {
				continue // too new for this server
			} else if err != nil {
				t.Errorf("%s: %v", c.sql, err)
				continue
			}
			rows, err := primary.Query(t.Context(), dependencies)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if found++; !strings.Contains(c.sql, "'"+row[2]+"'::regclass") && !names(r.Read([]byte(c.sql)).Facts(), row[0], Name{row[1], row[2]}) {
					t.Errorf("%s\nPostgreSQL finds %v, and not the facts", c.sql, row)
				}
			}
		}
	}
	if found < 200 {
		t.Errorf("only %d names were compared", found)
	}
}

// names reports whether f has name, with its schema or without.
func names(f *Facts, kind string, name Name) bool {
	in := func(list []Name) bool {
		return slices.Contains(list, name) || slices.Contains(list, Name{"", name.Name})
	}
	switch kind {
	case "r":
		return in(f.Relations)
	case "o":
		return in(f.Operators)
	case "t":
		return in(f.Types)
	}
	return slices.Contains(f.Fields, name.Name) || slices.ContainsFunc(f.Functions, func(c Call) bool {
		return c.Name == name.Name && (c.Schema == "" || c.Schema == name.Schema)
	})
}
