package merge

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/wyeproxy/wye/internal/testpg"
)

// nasty are values of each type, as elements of a VALUES list, whose order is
// easy to get wrong. Each is there once; peers are written in two ways.
var nasty = map[string][]string{
	"bool":   {"true", "false"},
	`"char"`: {`'a'`, `'A'`, `' '`, `'z'`, `'~'`, `'\377'`, `'\200'`, `''`},
	"int2":   {"-32768", "-1", "0", "1", "255", "256", "32767"},
	"int4":   {"-2147483648", "-1", "0", "1", "65536", "2147483647"},
	"int8":   {"-9223372036854775808", "-4294967296", "-1", "0", "1", "4294967296", "9223372036854775807"},
	"oid":    {"0", "1", "2147483647", "2147483648", "4294967295"},
	"float4": {"'NaN'", "'Infinity'", "'-Infinity'", "0", "'-0'", "1e-45", "-1e-45", "3.4e38", "-3.4e38", "0.1", "1"},
	"float8": {"'NaN'", "'Infinity'", "'-Infinity'", "0", "'-0'", "5e-324", "-5e-324", "1.7e308", "-1.7e308", "0.1", "0.30000000000000004", "0.3"},
	"numeric": {"'NaN'", "'Infinity'", "'-Infinity'", "0", "0.000", "-0.0", "1.1", "1.10", "1.100000000000", "-1.1", "1.09", "1.11",
		"9999", "10000", "10000.0001", "9999.9999", "99990000", "100000000", "1e100", "1e-100", "-1e100", "-1e-100", "0.0001", "0.00010",
		"0.00009", "1e1000", "1e-1000", "1e131071", "-1e131071", "1e-16383", "123456789012345678901234567890.123456789", "123456789012345678901234567890.1234567890",
		"123456789012345678901234567890.12345678900001", "20000", "20000.00000001", "199999999"},
	"date":        {"'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'2000-01-01'", "'1999-12-31'", "'1970-01-01'"},
	"time":        {"'00:00'", "'24:00'", "'23:59:59.999999'", "'12:00:00.000001'", "'12:00'"},
	"timestamp":   {"'infinity'", "'-infinity'", "'4713-01-01 BC'", "'294276-12-31 23:59:59.999999'", "'2000-01-01'", "'1999-12-31 23:59:59.999999'"},
	"timestamptz": {"'infinity'", "'-infinity'", "'4713-01-01 BC'", "'2000-01-01 00:00+00'", "'2000-01-01 02:00+02'", "'1999-12-31 23:00-02'"},
	"uuid":        {"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'7fffffff-0000-0000-0000-000000000000'", "'80000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"},
	"bytea":       {`'\x'`, `'\x00'`, `'\x0000'`, `'\x7f'`, `'\x80'`, `'\xff'`, `'\xff00'`, `'\x61'`},
	"text":        texts(0), "varchar": texts(0), "name": texts(60),
	"bpchar": append(texts(0), "'a '", "'a  '", "'ab '", "' a '"),
}

func texts(limit int) []string {
	list := []string{"''", "' '", "'a'", "'A'", "'_'", "'1'", "'b'", "'B'", "'z'", "'é'", "'e'", "'10'", "'9'", "'ab'", "' a'", `E'a\t'`, `E'a\n'`,
		"'ß'", "'ss'", "'😀'", "U&'\\FFFD'", "'~'", "repeat('x', 59)", "repeat('x', 58)"}
	if limit == 0 {
		list = append(list, "repeat('x', 70000)", "repeat('x', 69999) || 'y'")
	}
	return list
}

func connect(t *testing.T) *pgconn.PgConn {
	t.Helper()
	c := testpg.Start(t, testpg.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.Primary.SuperuserURL(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// fetch runs sql with all columns in binary. The last is what it is sorted
// by; the one before is its rank in that order, equal for peers.
func fetch(t *testing.T, conn *pgconn.PgConn, sql string) (oid uint32, ranks []int64, keys [][]byte) {
	t.Helper()
	res := conn.ExecParams(context.Background(), sql, nil, nil, nil, []int16{1}).Read()
	if res.Err != nil {
		t.Fatalf("%s: %v", sql, res.Err)
	}
	for _, row := range res.Rows {
		ranks, keys = append(ranks, int64(binary.BigEndian.Uint64(row[0]))), append(keys, row[1])
	}
	return res.FieldDescriptions[1].DataTypeOID, ranks, keys
}

func goldenTypes() []string {
	var names []string
	for name := range nasty {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ordered is the SQL of a type's nasty values in an order, thrice and with
// NULLs.
func ordered(name, order string) string {
	collate := ""
	if slices.Contains([]string{"text", "varchar", "name", "bpchar"}, name) {
		collate = ` COLLATE "C"`
	}
	values := ""
	for _, v := range nasty[name] {
		values += fmt.Sprintf("(CAST(%s AS %s)), ", v, name)
	}
	by := "x" + collate + order
	return fmt.Sprintf("SELECT dense_rank() OVER (ORDER BY %s), x FROM (VALUES %s (NULL)) AS v(x), generate_series(1, 3) ORDER BY %s", by, values, by)
}

// Every pair of nasty values compares as PostgreSQL ranks it.
func TestComparatorsAgreeWithPostgreSQL(t *testing.T) {
	conn := connect(t)
	seen := map[uint32]bool{}
	for _, name := range goldenTypes() {
		oid, ranks, keys := fetch(t, conn, ordered(name, ""))
		seen[oid] = true
		by, ok := ComparatorOf(oid, true)
		if !ok {
			t.Fatalf("%s: no comparator", name)
		}
		for i, a := range keys {
			for j, b := range keys {
				if a == nil || b == nil {
					continue
				}
				if !by.Valid(a) {
					t.Fatalf("%s: PostgreSQL's % x is not valid", name, a)
				}
				if got, want := sign(by.Compare(a, b)), cmp.Compare(ranks[i], ranks[j]); got != want {
					t.Errorf("%s: % x against % x is %d, PostgreSQL says %d", name, clip(a), clip(b), got, want)
				}
			}
		}
	}
	for oid := range comparators {
		if !seen[oid] {
			t.Errorf("type %d was not asked about", oid)
		}
	}
	for oid := range collated {
		if _, ok := ComparatorOf(oid, false); ok || !seen[oid] {
			t.Errorf("type %d: asked about %v, compared without a collation %v", oid, seen[oid], ok)
		}
	}
}

// PostgreSQL's rows dealt out to four legs and merged are PostgreSQL's rows
// again, peers apart.
func TestMergeAgreesWithPostgreSQL(t *testing.T) {
	conn := connect(t)
	r := rand.New(rand.NewPCG(5, 6))
	for _, name := range goldenTypes() {
		for i, order := range []string{" ASC NULLS LAST", " ASC NULLS FIRST", " DESC NULLS FIRST", " DESC NULLS LAST"} {
			oid, ranks, keys := fetch(t, conn, ordered(name, order))
			by, _ := ComparatorOf(oid, true)
			legs := make([][][]byte, 4)
			for j, k := range keys {
				leg := r.IntN(len(legs))
				legs[leg] = append(legs[leg], dataRow(strconv.AppendInt(nil, ranks[j], 10), k))
			}
			merged, _ := mergeAll(t, []Key{{By: by, Desc: i >= 2, NullsFirst: i == 1 || i == 2}}, legs, inOrder)
			if len(merged) != len(keys) {
				t.Fatalf("%s%s: %d rows became %d", name, order, len(keys), len(merged))
			}
			for j, row := range merged {
				visible, err := Cut(row, 1)
				if err != nil {
					t.Fatal(err)
				}
				if want := dataRow(strconv.AppendInt(nil, ranks[j], 10)); !slices.Equal(visible, want) {
					t.Errorf("%s%s: row %d is %q, PostgreSQL has %q", name, order, j, visible, want)
				}
			}
		}
	}
}

// Two keys with directions of their own.
func TestMergeOfTwoKeysAgreesWithPostgreSQL(t *testing.T) {
	conn := connect(t)
	res := conn.ExecParams(context.Background(), `SELECT row_number() OVER (), a, b FROM (
		SELECT nullif(i % 5, 0) AS a, nullif(i % 7, 3)::numeric / 2 AS b FROM generate_series(1, 300) AS i
		ORDER BY a DESC NULLS LAST, b ASC NULLS FIRST) AS x`, nil, nil, nil, []int16{1}).Read()
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	var keys []Key
	for i, f := range res.FieldDescriptions[1:] {
		by, ok := ComparatorOf(f.DataTypeOID, false)
		if !ok {
			t.Fatalf("no comparator of %d", f.DataTypeOID)
		}
		keys = append(keys, Key{By: by, Desc: i == 0, NullsFirst: i == 1})
	}
	legs := make([][][]byte, 4)
	for i, row := range res.Rows {
		legs[i*i%4] = append(legs[i*i%4], dataRow(row...))
	}
	merged, _ := mergeAll(t, keys, legs, inOrder)
	for i, row := range merged {
		got := make([][]byte, 2)
		if err := lastColumns(got, row); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, res.Rows[i][1:], slices.Equal) {
			t.Errorf("row %d has keys % x, PostgreSQL has % x", i, got, res.Rows[i][1:])
		}
	}
}

func sign(c int) int { return cmp.Compare(c, 0) }

func clip(v []byte) []byte { return v[:min(len(v), 40)] }

// A domain has no comparator, and needs none.
func TestDomainsTravelAsTheTypeBelow(t *testing.T) {
	conn := connect(t)
	if _, err := conn.Exec(context.Background(), "CREATE DOMAIN low AS int4; CREATE DOMAIN high AS low").ReadAll(); err != nil {
		t.Fatal(err)
	}
	if oid, _, _ := fetch(t, conn, "SELECT 1::int8, 2::high"); oid != oidInt4 {
		t.Errorf("a domain over int4 is type %d in RowDescription", oid)
	}
}
