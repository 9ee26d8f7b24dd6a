package shards

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// TestOwnsSQL asks a real PostgreSQL which rows belong on which shard.
func TestOwnsSQL(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Name: "owns"})
	conn, err := pgx.Connect(t.Context(), c.Primary.SuperuserURL(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	spec := shop()
	spec.Groups = append(spec.Groups,
		Group{Name: "words", Kind: Range, Types: []shardfunc.Type{shardfunc.Text}, Ranges: []KeyRange{{To: "B", HasTo: true, Shard: "s0"}, {From: "B", To: `it's \ a`, HasFrom: true, HasTo: true, Shard: "s1"}, {From: `it's \ a`, HasFrom: true, Shard: "s2"}}},
		Group{Name: "blobs", Kind: List, Types: []shardfunc.Type{shardfunc.Bytea}, Lists: []KeyList{{[]string{`\x00ff`, ""}, "s2"}}, Default: "s0"},
		Group{Name: "times", Kind: Range, Types: []shardfunc.Type{shardfunc.Timestamptz}, Ranges: []KeyRange{{To: "2024-03-31 02:30:00+01", HasTo: true, Shard: "s0"}}, Default: "s1"},
		Group{Name: "one", Kind: Range, Types: []shardfunc.Type{shardfunc.Numeric}, Ranges: []KeyRange{{Shard: "s1"}}})
	for _, name := range []string{"words", "blobs", "times", "one"} {
		spec.Tables = append(spec.Tables, TableSpec{Name: name, Group: name, Keys: []string{"k"}})
	}
	m := must(t, spec)
	for _, setting := range []string{"standard_conforming_strings = off", "TimeZone = 'America/New_York'", "DateStyle = 'SQL, DMY'", "search_path = ''", "bytea_output = escape"} {
		if _, err := conn.Exec(t.Context(), "SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	numbers := make([]string, 400)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i - 50)
	}
	for name, texts := range map[string][]string{
		"users": numbers, "ids": numbers, "one": append(numbers, "NaN"),
		"events":    {"2009-12-31", "2010-01-01", "2019-12-31", "2020-01-01", "infinity", "-infinity"},
		"customers": {"de", "fr", "us", "de ", "", "at"},
		"words":     {"", "A", "B", "a", "b", "ä", "it's", `it's \ a`, "zz"},
		"blobs":     {`\x00ff`, `\x`, `\x00`},
		"times":     {"2024-03-31 01:29:59.999999Z", "2024-03-31 01:30:00Z", "infinity"},
	} {
		table := m.Table("", name)
		typ := table.Types[0]
		for shard := range m.Shards() {
			sql := fmt.Sprintf("SELECT x FROM pg_catalog.unnest($1::pg_catalog.text[]) x, LATERAL (SELECT x::pg_catalog.%s AS k) q WHERE %s", typ, m.OwnsSQL(table, shard, []string{"q.k"}))
			rows, err := conn.Query(t.Context(), sql, texts)
			if err != nil {
				t.Fatal(err)
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			for _, text := range texts {
				where, err := m.Locate(table, []shardfunc.Value{value(t, typ, text)})
				if here := err == nil && where == shard; here != slices.Contains(got, text) {
					t.Errorf("%s %q: on shard %d, %v; the server says of %d: %v", name, text, where, err, shard, !here)
				}
			}
		}
	}
	pairs := m.Table("audit", "pairs")
	var sums []string
	for shard := range m.Shards() {
		sums = append(sums, fmt.Sprintf("(%s)::pg_catalog.int4", m.OwnsSQL(pairs, shard, []string{"a", "b"})))
	}
	sql := "SELECT pg_catalog.count(*) FROM (SELECT a::int8, (a * 7)::text AS b FROM pg_catalog.generate_series(1, 500) a) t WHERE " + strings.Join(sums, " + ") + " = 1"
	var n int
	if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil || n != 500 {
		t.Errorf("%d of 500 pairs have one home: %v", n, err)
	}
	for name, want := range map[string]string{"currencies": "true true true", "jobs": "false false true"} {
		table := m.Table("", name)
		if got := m.OwnsSQL(table, 0, nil) + " " + m.OwnsSQL(table, 1, nil) + " " + m.OwnsSQL(table, 2, nil); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
