package shardfunc

import (
	"fmt"
	"strconv"
	"strings"
)

// combiner is the constant of hash_combine64, as a bigint.
const combiner = 0x49a0f4dd15e5a8e3

// HashSQL is SQL for Hash of an expression of type t: a bigint with the same
// bits. It needs no function of ours, changes nothing, and is immutable, so the
// row filter of a publication takes it. PostgreSQL 14 or later.
func HashSQL(t Type, expr string) string {
	function, arg := "", expr
	switch t {
	case Int2, Int4, Int8:
		function = "hashint8extended"
	case Text, Varchar:
		function, arg = "hashtextextended", "("+expr+")::text"
	case Bpchar:
		function = "hashbpcharextended"
	case UUID:
		function = "uuid_hash_extended"
	case Numeric:
		function = "hash_numeric_extended"
	case Timestamp:
		function = "timestamp_hash_extended"
	default:
		// Date, timestamptz and bytea have no hash function that SQL can call;
		// the hash of a record with one column is that column's.
		function, arg = "hash_record_extended", "ROW("+expr+")"
	}
	return fmt.Sprintf("pg_catalog.%s(%s, %d)", function, arg, int64(Seed))
}

// SlotSQL is SQL for RowHash of key columns mod slots, a power of two: an
// expression over the columns, none of which may be NULL. It is what a placement
// check and the row filter of a move use.
func SlotSQL(types []Type, columns []string, slots int) string {
	mask := int64(slots - 1)
	if len(types) == 1 {
		return fmt.Sprintf("((%s & %d) + %d) & %d", HashSQL(types[0], columns[0]), mask, combiner&mask, mask)
	}
	return fmt.Sprintf("(%s) & %d", RowHashSQL(types, columns), mask)
}

// RowHashSQL is SQL for RowHash of columns that are not NULL: a bigint with the
// same bits. The sum is made of numerics, as that of bigints would overflow.
func RowHashSQL(types []Type, columns []string) string {
	row := ""
	for i, t := range types {
		terms := HashSQL(t, columns[i]) + "::pg_catalog.numeric + " + strconv.Itoa(combiner)
		if row == "" {
			row = wrapSQL(terms)
			continue
		}
		terms += fmt.Sprintf(" + ((%s) << 54) + (((%s) >> 7) & %d)", row, row, int64(1<<57-1))
		row = "(" + row + ") # " + wrapSQL(terms)
	}
	return row
}

// wrapSQL brings a sum of a few bigints back into the range of one.
func wrapSQL(sum string) string {
	const two63, two64 = "9223372036854775808", "18446744073709551616"
	// 3 * 2^64 + 2^63 makes any such sum positive, as mod keeps signs.
	return fmt.Sprintf("(pg_catalog.mod(%s + 64563604257983430656, %s) - %s)::pg_catalog.int8", sum, two64, two63)
}

// probes are constants with a hash that is known here.
var probes = []struct {
	typ   Type
	sql   string
	value func() (Value, error)
}{
	{Int8, "42::int8", func() (Value, error) { return Int(42), nil }},
	{Int8, "'-1099511627776'::int8", func() (Value, error) { return Int(-1 << 40), nil }},
	{Int4, "'-7'::int4", func() (Value, error) { return Int(-7), nil }},
	{Int2, "7::int2", func() (Value, error) { return Int(7), nil }},
	{Text, "'tenant_'||chr(228)", func() (Value, error) { return FromText(Text, "tenant_ä") }},
	{Varchar, "'thirteen char'::varchar", func() (Value, error) { return FromText(Varchar, "thirteen char") }},
	{Bpchar, "'ab  '::bpchar", func() (Value, error) { return FromText(Bpchar, "ab ") }},
	{UUID, "'8f14e45f-ceea-467a-9575-0f3b9a8d1c21'::uuid", func() (Value, error) { return FromText(UUID, "8F14E45FCEEA467A95750F3B9A8D1C21") }},
	{Numeric, "'-12345678.900'::numeric", func() (Value, error) { return FromText(Numeric, "-123456789e-1") }},
	{Date, "'2024-02-29'::date", func() (Value, error) { return FromText(Date, "2024-02-29") }},
	{Timestamp, "'1999-12-31 23:59:59.5'::timestamp", func() (Value, error) { return FromText(Timestamp, "1999-12-31 23:59:59.500") }},
	{Timestamptz, "'2024-02-29 12:00:00+02'::timestamptz", func() (Value, error) { return FromText(Timestamptz, "2024-02-29T10:00:00Z") }},
	{Bytea, `'\x00ff10'::bytea`, func() (Value, error) { return FromText(Bytea, `\x00FF10`) }},
}

// SelfCheck is a statement whose one row has one text, and what that text must
// be. A server that answers otherwise hashes otherwise, or does not keep text in
// UTF-8: it must not be used as a shard. Differs says where two texts part.
func SelfCheck() (sql, want string) {
	asked := []string{"'encoding=' || pg_catalog.current_setting('server_encoding')"}
	known := []string{"encoding=UTF8"}
	var types []Type
	var exprs []string
	var values []Value
	add := func(name, expr, value string) {
		asked = append(asked, fmt.Sprintf("'%s=' || (%s)", name, expr))
		known = append(known, name+"="+value)
	}
	for _, p := range probes {
		v, err := p.value()
		if err != nil {
			panic("shardfunc: probe " + p.sql)
		}
		add(p.typ.String(), HashSQL(p.typ, p.sql), strconv.FormatInt(int64(Hash(v)), 10))
		add(p.typ.String()+" slot", SlotSQL([]Type{p.typ}, []string{p.sql}, 4096), strconv.FormatUint(RowHash(v)%4096, 10))
		if len(types) < 3 && p.typ != Int8 {
			types, exprs, values = append(types, p.typ), append(exprs, p.sql), append(values, v)
		}
	}
	add("three columns", RowHashSQL(types, exprs), strconv.FormatInt(int64(RowHash(values...)), 10))
	return "SELECT pg_catalog.concat_ws(';', " + strings.Join(asked, ", ") + ")", strings.Join(known, ";")
}

// Differs names the first item of a self check that is not as it must be, or
// is "".
func Differs(got, want string) string {
	items := strings.Split(got, ";")
	for i, w := range strings.Split(want, ";") {
		switch {
		case i >= len(items):
			return "nothing, want " + w
		case items[i] != w:
			return items[i] + ", want " + w
		}
	}
	return ""
}
