package rewrite

import (
	"math"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// TestRefused lists what must not be answered, whatever the rows are.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		sql, clause string
		gather      bool
	}{
		{"SELECT * INTO x FROM users", "SELECT INTO", false},
		{"SELECT tableoid FROM users", "a system column", false},
		{"SELECT u.xmin FROM users u", "a system column", false},
		{"SELECT * FROM users TABLESAMPLE SYSTEM (1)", "TABLESAMPLE", false},
		{"SELECT status FROM orders GROUP BY status FOR UPDATE", "FOR UPDATE or FOR SHARE with an aggregate", false},
		{"SELECT name FROM users ORDER BY name FOR SHARE", "FOR UPDATE or FOR SHARE with ORDER BY", false},
		{"WITH d AS (DELETE FROM users RETURNING user_id) SELECT * FROM d", "a data-modifying WITH", false},
		{"SELECT name FROM users ORDER BY random()", "a volatile function", true},
		{"SELECT user_id FROM users WHERE score > (SELECT 50 * random())", "a volatile function", true},
		{"SELECT user_id FROM (SELECT user_id, rank() OVER (ORDER BY score) AS r FROM users) x WHERE r < 3", "a window that spans shards", true},
		{"SELECT user_id FROM users WHERE user_id IN (SELECT max(user_id) FROM orders)", "an aggregate whose groups span shards", true},
		{"SELECT user_id FROM users WHERE user_id IN (SELECT user_id FROM orders ORDER BY qty LIMIT 3)", "LIMIT in a sub-query", true},
		{"SELECT user_id FROM users WHERE user_id IN (SELECT user_id FROM orders EXCEPT SELECT n FROM events)", "UNION, INTERSECT or EXCEPT", true},
		{"SELECT user_id, (SELECT sum(u.score)) FROM users u", "an aggregate in a sub-query", true},
		{"SELECT name FROM users ORDER BY name LIMIT (SELECT count(*) FROM countries)", "a sub-query in LIMIT", true},
		{"SELECT status, (SELECT max(code) FROM countries) AS c, count(*) FROM orders GROUP BY status", "a sub-query beside an aggregate", true},
		{"SELECT user_id FROM users UNION ALL (SELECT user_id FROM orders LIMIT 3)", "LIMIT in a sub-query", true},
		{"WITH RECURSIVE r AS (SELECT user_id FROM users UNION ALL SELECT user_id FROM r) SELECT * FROM r", "WITH RECURSIVE", true},
		{"SELECT EXISTS (SELECT count(*) FROM users)", "an aggregate whose groups span shards", true},
		{"SELECT EXISTS (SELECT 1 FROM users OFFSET 3)", "EXISTS with OFFSET", true},
		{"SELECT user_id AS a, name AS a FROM users ORDER BY a", "an ambiguous name", false},
		{"SELECT name FROM users ORDER BY 7", "a position", true},
		{"SELECT u FROM users u ORDER BY note", "a column whose type", true},
		{"SELECT (spot).*, n FROM events ORDER BY 2", "a position", true},
		{"SELECT (spot).* FROM events ORDER BY kind", "a * whose columns", true},
		{"SELECT name FROM users ORDER BY unknown", "a name in ORDER BY", true},
	} {
		stmt := parse(t, c.sql)
		r, no := Select(stmt, newFlat(stmt))
		if no == nil {
			t.Errorf("%s: planned\n%s", c.sql, printPlan(r, nil))
			continue
		}
		if !strings.HasPrefix(no.Clause, c.clause) || no.Gather != c.gather {
			t.Errorf("%s: %+v", c.sql, *no)
		}
	}
}

func TestLegLimit(t *testing.T) {
	number := func(v int64) plan.Count { return plan.Count{Set: true, Value: v} }
	param := func(n int) plan.Count { return plan.Count{Set: true, Arg: n} }
	var none plan.Count
	for _, c := range []struct {
		limit, offset plan.Count
		want          string // "" is no limit
	}{
		{none, number(3), ""},
		{number(5), none, "5"},
		{number(5), number(3), "8"},
		{number(0), number(3), "3"},
		{number(-1), number(3), "2"}, // the merge refuses it
		{number(5), number(-3), "5"},
		{number(math.MaxInt64), number(1), ""},
		{number(math.MaxInt64 - 1), number(1), "9223372036854775807"},
		{param(2), none, "$2::int8"},
		{number(4), param(1), "CASE WHEN 4 <= (9223372036854775807 - GREATEST(COALESCE($1::int8, 0), 0)) THEN 4 + GREATEST(COALESCE($1::int8, 0), 0) END"},
	} {
		got := ""
		if n := legLimit(c.limit, c.offset); n != nil {
			text, no := printSelect(&pg_query.SelectStmt{
				TargetList: []*pg_query.Node{unnamed(n)}, Op: pg_query.SetOperation_SETOP_NONE, LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT,
			})
			if no != nil {
				t.Fatal(no)
			}
			got = strings.TrimPrefix(text, "SELECT ")
		}
		if got != c.want {
			t.Errorf("limit %v offset %v: %q, want %q", c.limit, c.offset, got, c.want)
		}
	}
}

// TestPrinted is that the printer is exact for what people write: where it is
// not, the statement is refused.
func TestPrinted(t *testing.T) {
	if Same(parse(t, "SELECT a + 1 FROM t"), parse(t, "SELECT a + 2 FROM t")) || !Same(parse(t, "SELECT a+1 FROM t"), parse(t, "SELECT  a + 1 FROM t")) {
		t.Error("trees are not told apart")
	}
	more := []string{
		`E'a\\b'`, `'it''s'`, `u.name ILIKE 'a#%' ESCAPE '#'`, "o.qty BETWEEN SYMMETRIC 3 AND 1", "o.qty NOT IN (1, 2)", "u.tags[1:2]", "u.tags && ARRAY[1]", "u.name SIMILAR TO 'x'",
		"interval '1 day 2 hours'", "interval '3' day", "time '10:00'", "timestamptz '2020-01-01 00:00+00'", "B'101'", "X'1F'", "1e10", ".5", "u.active IS NOT UNKNOWN", "o.qty << 2", "- (- o.qty)",
		"NOT (u.active OR o.paid) AND u.active", "(u.active AND o.paid) OR o.qty > 3", "o.qty - (o.small - 1)", "(o.qty - o.small) - 1", "o.qty * (o.small + 1)", "(o.qty)::text || (- o.qty)::text",
		"u.doc #>> '{a,b}'", "u.doc @> '{\"a\": 1}'", "CASE o.qty WHEN 1 THEN 2 END", "extract(epoch from o.took)", "u.name IS NOT DISTINCT FROM 'x'", "ROW(1, 2) < ROW(3, 4)", "\"u\".\"name\"",
		"count(*) FILTER (WHERE o.paid) OVER (PARTITION BY u.country ORDER BY o.id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE TIES)", "xmlelement(name a, 1)", "u.name COLLATE \"C\" || 'x'",
		"EXISTS (VALUES (1))", "ARRAY(SELECT 1)", "o.qty OPERATOR(pg_catalog.+) 1", "now() - interval '1 month'", "u.joined AT TIME ZONE 'Europe/Berlin'", "current_timestamp(2)", "substring(u.name from 'a' for '#')",
		"string_agg(DISTINCT u.name, ',' ORDER BY u.name)", "percentile_cont(0.5) WITHIN GROUP (ORDER BY o.qty DESC)", "f(VARIADIC u.tags)", "f(a => 1)", "NULL::int4", "'{1,2}'::int4[]", "$1::text",
	}
	for _, e := range append(append(append([]string{}, certainty...), aggregateCertainty...), more...) {
		if _, no := printSelect(parse(t, "SELECT "+e+" FROM users u JOIN orders o USING (user_id)")); no != nil {
			t.Errorf("%s: %s", e, no.Clause)
		}
	}
}
