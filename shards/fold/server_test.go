package fold

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

func server(t *testing.T) *pgconn.PgConn {
	t.Helper()
	c := testpg.Start(t, testpg.Options{})
	conn, err := pgconn.Connect(t.Context(), c.Primary.SuperuserURL(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func ask(t *testing.T, conn *pgconn.PgConn, sql string, formats ...int16) (rows [][][]byte, types []uint32) {
	t.Helper()
	r := conn.ExecParams(t.Context(), sql, nil, nil, nil, formats).Read()
	if r.Err != nil {
		t.Fatalf("%s: %v", sql, r.Err)
	}
	for _, f := range r.FieldDescriptions {
		types = append(types, f.DataTypeOID)
	}
	return r.Rows, types
}

// nastyNumerics are where scales and carries go wrong.
var nastyNumerics = []string{
	"0", "0.00", "1", "-1", "3", "10000", "9999", "9999.9999", "-9999.99995", "0.5", "0.00005", "-0.00000000005", "99999999", "1e20", "1e-20", "1e100", "-1e-100",
	"2.000000000000000000000000000000", "1e-1000", "1e-1003", "7e-16000", "0.4444444444444445", "123456789012345678901234567890.123456789", "1e4000", "NaN", "Infinity", "-Infinity", "9223372036854775807",
	"-9223372036854775808", "0.49995", "4.9999999999999999995", "1.10", "1.1",
}

// TestAverages: a quotient has PostgreSQL's value and its scale.
func TestAverages(t *testing.T) {
	conn := server(t)
	r := rand.New(rand.NewPCG(3, 1))
	sums, counts := slices.Clone(nastyNumerics), []int64{1, 2, 3, 4, 6, 7, 9, 10, 16, 99, 9999, 10000, 10001, 30000, 65536, 99990000, 100000000, 123456789, math.MaxInt64, 1 << 40}
	for range 60 {
		sums, counts = append(sums, decimal(r)), append(counts, 1+r.Int64()>>r.IntN(63))
	}
	rows, _ := ask(t, conn, fmt.Sprintf("SELECT s, n, s / n FROM unnest('{%s}'::numeric[]) s, unnest('{%s}'::int8[]) n",
		strings.Join(sums, ","), strings.ReplaceAll(strings.Trim(fmt.Sprint(counts), "[]"), " ", ",")), 1)
	if len(rows) < 5000 {
		t.Fatal(len(rows), "rows")
	}
	for _, row := range rows {
		var sum total
		sum.add(row[0])
		n, err := sum.number()
		if err != nil || !bytes.Equal(n.binary(), row[0]) {
			t.Fatalf("%s alone is %s: %v", textOf(row[0]), textOf(n.binary()), err)
		}
		q, err := n.dividedBy(integer(row[1]))
		if err != nil || !bytes.Equal(q.binary(), row[2]) {
			t.Errorf("%s / %d is %s, want %s: %v", textOf(row[0]), integer(row[1]), textOf(q.binary()), textOf(row[2]), err)
		}
	}
}

// TestTexts: what we print is what PostgreSQL prints, whatever the session's
// settings are.
func TestTexts(t *testing.T) {
	conn := server(t)
	ask(t, conn, "SELECT set_config('DateStyle', 'German', false), set_config('bytea_output', 'escape', false), set_config('extra_float_digits', '-5', false), set_config('lc_monetary', 'C', false)")
	values := map[string][]string{
		"bool": {"true", "false"}, "int2": {"-32768", "0", "32767"}, "int4": {"-2147483648", "7"}, "int8": {"-9223372036854775808", "9223372036854775807"},
		"oid": {"0", "4294967295"}, "uuid": {"'00112233-4455-6677-8899-AABBCCDDEEFF'"}, "text": {"''", "'é ''|'", "' x '"}, "varchar": {"'a'"}, "name": {"'b'"},
	}
	for _, n := range nastyNumerics {
		values["numeric"] = append(values["numeric"], "'"+n+"'")
	}
	for name, list := range values {
		for _, v := range list {
			rows, types := ask(t, conn, fmt.Sprintf("SELECT x, x FROM CAST(%s AS %s) x", v, name), 1, 0)
			if !Prints(types[0]) {
				t.Fatalf("%s is not printed", name)
			}
			got := rows[0][0]
			if !isText(types[0]) {
				got = appendText(nil, types[0], got)
			}
			if !bytes.Equal(got, rows[0][1]) {
				t.Errorf("%s %s is printed %s, want %s", name, v, got, rows[0][1])
			}
		}
	}
}

// statement is a SELECT over the table m, what each shard is sent, and what is
// made of that.
type statement struct {
	sql, leg string
	spec     Spec
}

// keyTypes are columns of m to group by, with an order that is total.
var keyTypes = []string{"b", "i2", "i4", "i8", "o", "d", "tm", "ts", "tz", "u", "y", "x", "v", "nm"}

// byKey is every aggregate by a key.
func byKey(key string, oid uint32) statement {
	return statement{
		sql: fmt.Sprintf("SELECT %s AS k, count(*), count(n), sum(i2), sum(i4), sum(i8), sum(n), avg(i2), avg(i8), avg(f), min(i4), max(i2), min(d), max(tz), min(x), max(x), bool_and(b), bool_or(b), coalesce(sum(i8), 0) FROM m GROUP BY 1 ORDER BY %s", key, cKey(key)),
		leg: fmt.Sprintf("SELECT %s, %[1]s, count(*), count(n), sum(i2), sum(i4), sum(i8), sum(n), count(i2), count(i8), sum(f), count(f), min(i4), max(i2), min(d), min(d), max(tz), max(tz), min(x), max(x), bool_and(b), bool_or(b) FROM m WHERE shard = $1 GROUP BY 1", key),
		spec: Spec{
			Columns: []Column{
				{Op: Key, Type: oid}, {Op: Twin, Type: oid, Of: 0}, {Op: Count, Type: oidInt8}, {Op: Count, Type: oidInt8}, {Op: Sum, Type: oidInt8}, {Op: Sum, Type: oidInt8},
				{Op: Sum, Type: oidNumeric}, {Op: Sum, Type: oidNumeric}, {Op: Count, Type: oidInt8}, {Op: Count, Type: oidInt8}, {Op: Sum, Type: oidNumeric}, {Op: Count, Type: oidInt8}, {Op: Min, Type: oidInt4}, {Op: Max, Type: oidInt2},
				{Op: Min, Type: oidDate}, {Op: Twin, Type: oidDate, Of: 14}, {Op: Max, Type: oidTimestamptz}, {Op: Twin, Type: oidTimestamptz, Of: 16},
				{Op: Min, Type: oidText}, {Op: Max, Type: oidText}, {Op: And, Type: oidBool}, {Op: Or, Type: oidBool},
			},
			Outputs: []Output{
				{Column: 0, Type: oid, Counts: -1, Twin: 1}, value(2, oidInt8), value(3, oidInt8), value(4, oidInt8), value(5, oidInt8), value(6, oidNumeric), value(7, oidNumeric),
				{Column: 4, Type: oidNumeric, Counts: 8, Twin: -1}, {Column: 6, Type: oidNumeric, Counts: 9, Twin: -1}, {Column: 10, Type: oidNumeric, Counts: 11, Twin: -1},
				value(12, oidInt4), value(13, oidInt2), {Column: 14, Type: oidDate, Counts: -1, Twin: 15}, {Column: 16, Type: oidTimestamptz, Counts: -1, Twin: 17},
				value(18, oidText), value(19, oidText), value(20, oidBool), value(21, oidBool),
				{Column: 6, Type: oidNumeric, Counts: -1, Twin: -1, Otherwise: true},
			},
		},
	}
}

// cKey orders text by its bytes.
func cKey(key string) string {
	if key == "x" || key == "v" {
		return key + ` COLLATE "C"`
	}
	return key
}

// TestFoldsAsPostgreSQL: groups and aggregates of rows on four shards, of
// which one is empty, are those of one PostgreSQL, in text and in binary.
func TestFoldsAsPostgreSQL(t *testing.T) {
	conn := server(t)
	numerics := strings.Join(nastyNumerics, ",")
	ask(t, conn, `CREATE TABLE m (shard int, b bool, i2 int2, i4 int4, i8 int8, o oid, n numeric, f numeric, d date, tm time, ts timestamp, tz timestamptz, u uuid, y bytea, x text COLLATE "C", v varchar, nm name)`)
	ask(t, conn, `SELECT setseed(0.5)`)
	// NULL in one of six places of each column, few values, so that groups span
	// shards.
	ask(t, conn, fmt.Sprintf(`INSERT INTO m SELECT (random() * 2)::int,
		CASE WHEN random() > 0.16 THEN random() > 0.5 END,
		(ARRAY[-32768, 32767, 0, -1, 1, NULL])[1 + random() * 5],
		(ARRAY[-2147483648, 2147483647, 0, -1, 255, NULL])[1 + random() * 5],
		(ARRAY[-9223372036854775808, 9223372036854775807, 0, -1, 4294967296, NULL])[1 + random() * 5],
		(ARRAY[0, 4294967295, 1, NULL, 2147483648])[1 + random() * 4],
		(('{%[1]s}')::numeric[] || NULL::numeric)[1 + random() * %[2]d],
		nullif(nullif(nullif((('{%[1]s}')::numeric[] || NULL::numeric)[1 + random() * %[2]d], 'NaN'), 'Infinity'), '-Infinity'),
		(ARRAY['infinity', '-infinity', '4713-01-01 BC', '2000-01-01', '1999-12-31', NULL]::date[])[1 + random() * 5],
		(ARRAY['00:00', '24:00', '12:00:00.000001', NULL]::time[])[1 + random() * 3],
		(ARRAY['infinity', '-infinity', '4713-01-01 BC', '2000-01-01 00:00:00.000001', '1999-12-31', NULL]::timestamp[])[1 + random() * 5],
		(ARRAY['infinity', '1883-11-18 12:00:00-05', '2024-11-03 01:30-04', '2024-11-03 01:30-05', '2000-01-01 00:00+00', NULL]::timestamptz[])[1 + random() * 5],
		(ARRAY['00000000-0000-0000-0000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff', NULL]::uuid[])[1 + random() * 2],
		(ARRAY['\x', '\x00', '\x6162', NULL]::bytea[])[1 + random() * 3],
		(ARRAY['', ' ', 'a', 'A', 'a ', 'é', U&'e\0301', 'ß', 'ss', '😀', NULL])[1 + random() * 10],
		(ARRAY['', ' ', 'a', 'A', 'a ', 'é', U&'e\0301', 'ß', 'ss', '😀', NULL])[1 + random() * 10],
		(ARRAY['', 'a', 'A', 'é', NULL])[1 + random() * 4]
		FROM generate_series(1, 1500)`, numerics, len(nastyNumerics)))
	for _, settings := range []string{"ISO|UTC", "SQL, DMY|America/New_York", "German|Asia/Tokyo"} {
		style, zone, _ := strings.Cut(settings, "|")
		ask(t, conn, fmt.Sprintf("SELECT set_config('DateStyle', '%s', false), set_config('TimeZone', '%s', false)", style, zone))
		for _, key := range keyTypes {
			_, types := ask(t, conn, "SELECT "+key+" FROM m LIMIT 1")
			if !Groups(types[0], true) {
				t.Fatalf("%s is no key", key)
			}
			st := byKey(key, types[0])
			for _, binary := range []int16{0, 1} {
				st.compare(t, conn, binary)
			}
		}
	}
}

func (st *statement) compare(t *testing.T, conn *pgconn.PgConn, format int16) {
	t.Helper()
	want, types := ask(t, conn, st.sql, format)
	formats := []int16{}
	for _, c := range st.spec.Columns {
		if c.Op == Twin {
			formats = append(formats, format)
		} else {
			formats = append(formats, 1)
		}
	}
	f := New(&st.spec)
	for shard := range 4 {
		rows, _ := ask(t, conn, strings.ReplaceAll(st.leg, "$1", strconv.Itoa(shard)), formats...)
		for _, row := range rows {
			if err := f.Add(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	n, err := f.Finish()
	if err != nil || n != len(want) {
		t.Fatalf("%s: %d rows, want %d: %v", st.sql, n, len(want), err)
	}
	for i := range want {
		row := f.Row(i, func(int) bool { return format == 0 })
		if len(row) != len(types) {
			t.Fatalf("%d columns, want %d", len(row), len(types))
		}
		for c, v := range row {
			if st.spec.Outputs[c].Type != types[c] {
				t.Fatalf("%s: column %d has type %d, want %d", st.sql, c+1, st.spec.Outputs[c].Type, types[c])
			}
			if !bytes.Equal(v, want[i][c]) || (v == nil) != (want[i][c] == nil) {
				t.Errorf("%s: format %d: row %d, column %d is %q, want %q", st.sql, format, i+1, c+1, v, want[i][c])
			}
		}
	}
}
