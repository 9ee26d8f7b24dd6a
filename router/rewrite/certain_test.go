package rewrite

import (
	"strings"
	"testing"
)

// certainty are expressions for what the rewriter says of them.
var certainty = []string{
	"1", "2147483648", "9223372036854775808", "1.5", "'x'", "NULL", "true", "-1", "- u.score", "+ o.qty", "x.*",
	"o.qty + 1", "o.qty + '1'", "o.small + 1", "o.small + o.small", "o.qty + o.big", "o.big + o.amount", "o.qty * 1.5", "o.qty / o.small", "o.big % 7", "o.amount % o.qty",
	"o.weight + 1", "o.weight * o.amount", "u.rating - u.score", "o.weight::float4 + o.weight::float4", "o.weight::float4 + 1", "o.weight::float4 * o.amount",
	"u.born - u.born", "u.born + 3", "u.born - 3", "u.born + o.small", "o.placed - interval '1 day'", "u.joined + o.took", "o.placed - o.placed", "o.took * 2", "u.born + interval '1 h'",
	"o.qty = 3", "u.name < 'x'", "o.qty <> o.amount", "u.name LIKE 'x%'", "u.name ILIKE 'x'", "o.qty IN (1, 2)", "o.qty BETWEEN 1 AND 2", "o.qty IS DISTINCT FROM 3",
	"u.active AND o.paid", "NOT u.active", "u.name IS NULL", "u.active IS TRUE", "EXISTS (SELECT 1)", "(SELECT 1)", "(SELECT max(code) FROM countries)", "(SELECT region FROM countries LIMIT 1)",
	"coalesce(o.qty, 0)", "coalesce(o.small, 0)", "coalesce(o.amount, 0)", "coalesce(u.name, 'x')", "coalesce(u.name, u.note)", "coalesce(u.name, u.name)", "coalesce(o.weight, o.amount)",
	"coalesce(o.weight::float4, 1.5)", "coalesce(NULL, 'x')", "greatest(o.qty, o.big)", "least(u.name, 'b')", "greatest(u.born, '2020-01-01')",
	"CASE WHEN o.paid THEN 1 ELSE 0 END", "CASE WHEN o.paid THEN o.qty END", "CASE WHEN o.paid THEN o.amount ELSE 0 END", "CASE o.qty WHEN 1 THEN 'a' ELSE 'b' END",
	"CASE WHEN o.paid THEN u.name ELSE u.name END", "CASE WHEN o.paid THEN u.name ELSE 'x' END", "CASE WHEN true THEN u.name END", "CASE WHEN o.paid THEN o.qty ELSE u.name::int END",
	"nullif(o.qty, 0)", "nullif(o.qty, 1.5)", "nullif(o.qty, o.big)", "nullif(u.name, 'x')", "nullif(u.name, u.note)", "nullif(o.amount, 0)",
	"o.qty::int8", "o.qty::numeric(6,1)", "u.name::text", "u.name::varchar(3)", "u.name::char(4)", "u.name::char", "u.name::bpchar", "u.joined::timestamp(2)", "u.name::name", "o.qty::float4",
	"o.took::interval(2)", "o.qty::real", "u.born::timestamptz", "'2020-01-01'::date", "date '2020-01-01'", "u.feel::text", "'ok'::public.mood", "o.qty::bit(8)", "CAST(o.qty AS varchar)",
	"length(u.name)", "char_length(u.note)", "octet_length(u.name)", "lower(u.name)", "upper(u.note)", "lower(u.email)", "abs(o.qty)", "abs(o.amount)", "abs(o.small)", "abs(o.weight)",
	"round(o.amount)", "round(o.amount, 1)", "round(o.qty)", "floor(o.amount)", "ceil(o.qty)", "mod(o.qty, o.qty)", "mod(o.big, o.big)", "date_trunc('day', o.placed)", "date_trunc('day', u.joined)",
	"date_trunc('day', u.born)", "extract(year from o.placed)", "now()", "current_date", "current_user", "localtimestamp(2)", "random()", "concat(u.name, 1)", "u.name || u.note", "u.name || o.qty",
	"u.email || 'x'", "u.name COLLATE \"C\"", "u.city", "u.email", "u.tags", "u.tags[1]", "ARRAY[u.name]", "ARRAY[1, 2]", "(1, 2)", "u.doc->'a'", "u.doc->>'a'", "u.doc", "o.code", "o.raw",
	"u.country", "u.score", "u.joined", "u.feel", "o.status", "row_number() OVER ()", "rank() OVER (ORDER BY o.qty)", "lag(u.name) OVER (ORDER BY u.user_id)", "sum(o.qty) OVER ()", "ntile(3) OVER ()",
	"first_value(u.name) OVER (ORDER BY o.id)", "substr(u.name, 2)", "substring(u.name from 2)", "trim(u.name)", "position('x' in u.name)", "overlay(u.name placing 'y' from 1)", "u.joined AT TIME ZONE 'UTC'",
	"to_char(o.amount, '9')", "generate_series(1, 2)", "unnest(u.tags)", "o.qty::text::int", "(u.name)", "(o.qty)::int2", "pg_typeof(u.name)", "string_to_array(u.name, 'x')", "array_append(u.tags, 1)",
	"split_part(u.name, 'n', 1)", "o.qty::oid", "md5(u.name)", "o.qty > ALL (SELECT 1)", "o.qty = ANY (u.tags)", "(o.qty, 1) = (2, 3)", "u.name ~ 'x'", "u.name COLLATE \"de-x-icu\" < u.note",
}

var aggregateCertainty = []string{
	"count(*)", "count(o.qty)", "sum(o.qty)", "sum(o.small)", "sum(o.big)", "sum(o.amount)", "sum(o.weight)", "sum(o.weight::float4)", "sum(o.took)", "avg(o.qty)", "avg(o.weight)", "avg(o.amount)", "avg(o.took)",
	"avg(o.weight::float4)", "min(u.name)", "max(u.note)", "min(u.country)", "max(u.email)", "min(o.small)", "max(u.born)", "min(u.feel)", "bool_and(o.paid)", "every(o.paid)", "bit_or(o.small)",
	"bit_xor(o.big)", "variance(o.qty)", "stddev_pop(o.weight)", "var_samp(o.amount)", "sum(o.qty + 1)", "sum(o.amount) / 2", "max(u.name::name)", "string_agg(u.name, ',')", "sum(o.qty::money)",
	"min(u.name::bpchar)", "count(*) FILTER (WHERE o.paid)", "sum(DISTINCT o.qty)", "array_agg(o.qty)", "max(o.qty::oid)", "coalesce(sum(o.qty), 0)", "round(avg(o.qty), 2)", "sum(count(*)) OVER ()",
}

// TestCertainOnServer holds what is said of names, types, modifiers and
// collations against PostgreSQL. Not to know is right too, but not always.
func TestCertainOnServer(t *testing.T) {
	f := newFleet(t)
	known := 0
	for _, e := range append(append([]string{}, certainty...), aggregateCertainty...) {
		const from = " FROM users u JOIN orders o USING (user_id)"
		stmt := parse(t, "SELECT "+e+from)
		b := &block{stmt: stmt, scope: newFlat(stmt)}
		target := stmt.TargetList[0].GetResTarget()
		d, err := f.whole.Prepare(t.Context(), "", "SELECT "+e+from, nil)
		if err != nil {
			continue
		}
		field := d.Fields[0]
		if name := outputName(target); name != field.Name {
			t.Errorf("%s: named %q, want %q", e, name, field.Name)
		}
		oid := b.typeOf(target.Val)
		if oid != 0 && oid != field.DataTypeOID && !strings.Contains(e, "feel") { // the test's own number
			t.Errorf("%s: type %d, want %d", e, oid, field.DataTypeOID)
		}
		if oid != 0 {
			known++
		}
		s, ok := b.shapeOf(target.Val)
		if !ok || s.asText {
			continue
		}
		if (s.cast != "") != (field.TypeModifier >= 0) {
			t.Errorf("%s: cast %q, but the modifier is %d", e, s.cast, field.TypeModifier)
		}
		f.collation(e, from, s)
	}
	if known < 100 {
		t.Errorf("only %d types are known", known)
	}
}

func (f *fleet) collation(e, from string, s shape) {
	rows, err := f.whole.Exec(f.t.Context(), "SELECT pg_collation_for("+e+")"+from+" LIMIT 1").ReadAll()
	if err != nil {
		if !strings.Contains(err.Error(), "collations are not supported") && !strings.Contains(err.Error(), "aggregate") && s.collate != "" {
			f.t.Errorf("%s: %v", e, err)
		}
		return
	}
	got := ""
	if r := rows[0].Rows; len(r) > 0 {
		got = string(r[0][0])
	}
	if got == `"default"` {
		got = ""
	}
	if got != s.collate {
		f.t.Errorf("%s: collation %q, want %q", e, s.collate, got)
	}
}
