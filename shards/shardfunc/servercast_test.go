package shardfunc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// samples are values of each type that are likely to be equal to those of
// another.
var samples = map[Type][]string{
	Int2:        {"0", "7", "8", "-8", "32767", "-32768"},
	Int4:        {"0", "7", "8", "-8", "32767", "32768", "2147483647", "-2147483648"},
	Int8:        {"0", "7", "8", "-8", "32767", "32768", "2147483648", "9223372036854775807", "-9223372036854775808"},
	Numeric:     {"0", "7", "7.0", "7.5", "-7.5", "8", "32768", "2147483648.000", "9223372036854775807", "9223372036854775808", "1e30", "NaN", "Infinity", "-Infinity", "0.4", "-0.5", "123.456", "999.995", "70"},
	Text:        {"", " ", "a", "a ", "a  ", "ab", "ab ", "7", "äöü", "äöü  ", "abcde"},
	Varchar:     {"", " ", "a", "a ", "a  ", "ab", "ab ", "7", "äöü", "äöü  ", "abcde"},
	Bpchar:      {"", " ", "a", "a ", "a  ", "ab", "ab ", "7", "äöü", "äöü  ", "abcde"},
	UUID:        {"8f14e45f-ceea-467a-9575-0f3b9a8d1c21", "00000000-0000-0000-0000-000000000000"},
	Date:        {"2024-02-29", "2024-03-01", "1999-12-31", "0001-01-01", "infinity", "-infinity"},
	Timestamp:   {"2024-02-29 00:00:00", "2024-02-29 23:59:59.999999", "1999-12-31 00:00:00", "1999-12-31 11:59:59.987654", "2024-03-01", "0001-01-01", "infinity", "-infinity"},
	Timestamptz: {"2024-02-29 00:00:00Z", "2024-02-29 02:00:00+02", "1999-12-31 00:00:00.123456+00", "infinity", "-infinity"},
	Bytea:       {`\x`, `\x61`, `\x6120`, `\x37`, "a"},
}

// convert asks the server, for each pair of types, which values of a column are
// equal to an argument; what Convert says must be exactly those.
func convert(s server) {
	checked := 0
	every(func(column Type) {
		every(func(arg Type) {
			for _, text := range samples[arg] {
				a := must(s, arg, text)
				v, match, err := Convert(column, a)
				if err != nil {
					continue
				}
				checked++
				sql := fmt.Sprintf("SELECT x FROM unnest($1::text[]) x WHERE x::%s = '%s'::%s", column, text, arg)
				equal := s.rows(sql, samples[column])
				for _, x := range equal {
					if c := must(s, column, x[0]); !match || c.Key() != v.Key() {
						s.Errorf("%s = %s %q: the server finds %q, we %v, %v", column, arg, text, x[0], v, match)
					}
				}
				for _, x := range samples[column] {
					if match && must(s, column, x).Key() == v.Key() && !slices.ContainsFunc(equal, func(e []string) bool { return e[0] == x }) {
						s.Errorf("%s = %s %q: we find %q, the server does not", column, arg, text, x)
					}
				}
			}
		})
	})
	if checked < 100 {
		s.Errorf("only %d pairs were converted", checked)
	}
}

func must(s server, t Type, text string) Value {
	s.Helper()
	v, err := FromText(t, text)
	if err != nil {
		s.Fatalf("%s %q: %v", t, text, err)
	}
	return v
}

// assign inserts values of each type into columns of many, and compares what
// they hold.
func assign(s server) {
	checked := 0
	for _, column := range []string{
		"int2", "int4", "int8", "text", "varchar", "varchar(2)", "varchar(5)", "char(2)", "char(5)", "bpchar", "uuid", "bytea", "date",
		"numeric", "numeric(5,2)", "numeric(3)", "numeric(4,-1)", "numeric(2,4)", "timestamp", "timestamp(0)", "timestamp(3)", "timestamptz", "timestamptz(2)",
	} {
		s.exec(fmt.Sprintf("DROP TABLE IF EXISTS a; CREATE TABLE a (k %s)", column))
		row := s.rows("SELECT atttypid::int8::text, atttypmod::text FROM pg_attribute WHERE attrelid = 'a'::regclass AND attname = 'k'")[0]
		var oid uint32
		var mod int32
		_, _ = fmt.Sscan(row[0], &oid)
		_, _ = fmt.Sscan(row[1], &mod)
		t, _ := TypeOf(oid, true)
		every(func(from Type) {
			for _, text := range samples[from] {
				v, err := Assign(t, mod, must(s, from, text))
				if err != nil {
					continue
				}
				checked++
				var got string
				sql := fmt.Sprintf("WITH i AS (INSERT INTO a VALUES ('%s'::%s) RETURNING k) SELECT (%s)::text FROM i", text, from, HashSQL(t, "k"))
				if err := s.QueryRow(s.Context(), sql).Scan(&got); err != nil {
					s.Errorf("%s: we read %v, the server says %v", sql, v, err)
				} else if got != fmt.Sprint(int64(Hash(v))) {
					s.Errorf("%s holds %s %q as %v here: hash %d, not %s", column, from, text, v, int64(Hash(v)), got)
				}
			}
		})
	}
	if checked < 150 {
		s.Errorf("only %d values were assigned", checked)
	}
}

// order compares Compare with ORDER BY.
func order(s server) {
	r := rand.New(rand.NewPCG(5, 6))
	every(func(t Type) {
		texts := slices.Clone(samples[t])
		for range 500 {
			texts = append(texts, randomText(r, t))
		}
		collate := ""
		if t.IsText() {
			collate = ` COLLATE "C"`
		}
		last := Value{}
		for i, row := range s.rows(fmt.Sprintf("SELECT x FROM unnest($1::text[]) x ORDER BY x::%s%s", t, collate), texts) {
			v := must(s, t, row[0])
			if i > 0 && (Compare(last, v) > 0 || Compare(v, last) < 0 || (Compare(v, last) == 0) != (last == v)) {
				s.Errorf("%s: %v before %v", t, last, v)
			}
			last = v
		}
	})
}

func TestTypes(t *testing.T) {
	every(func(k Type) {
		if got, ok := TypeOf(k.OID(), true); got != k || !ok {
			t.Errorf("%s: %v, %v", k, got, ok)
		}
		if _, ok := TypeOf(k.OID(), false); ok == k.IsText() {
			t.Errorf("%s with a nondeterministic collation: %v", k, ok)
		}
		if got, ok := ParseType(strings.ToUpper(k.String())); got != k || !ok {
			t.Errorf("%s: %v, %v", k, got, ok)
		}
	})
	for _, oid := range []uint32{0, 16, 19, 700, 701, 3802, 1007} {
		if k, ok := TypeOf(oid, true); ok {
			t.Errorf("%d is %s", oid, k)
		}
	}
	for name, want := range map[string]Type{"bigint": Int8, "character varying": Varchar, "timestamp with time zone": Timestamptz, "jsonb": 0, "float8": 0} {
		if got, ok := ParseType(name); got != want || ok != (want != 0) {
			t.Errorf("%s is %s", name, got)
		}
	}
	if Type(Int8+16).Family() != 0 || Type(0).Family() != 0 || Varchar.Family() != Text {
		t.Error("families of types that are none")
	}
	if len(TypeNames()) != 12 {
		t.Error(TypeNames())
	}
}

// TestConvert has what a server cannot show: pairs of which nothing may be said.
func TestConvert(t *testing.T) {
	read := func(typ Type, text string) Value {
		v, err := FromText(typ, text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		column Type
		arg    Value
	}{
		{Int4, read(Text, "7")}, {Text, Int(7)}, {Varchar, read(Bpchar, "a")}, {UUID, read(Text, "8f14e45fceea467a95750f3b9a8d1c21")},
		{Timestamptz, read(Date, "2024-01-01")}, {Timestamptz, read(Timestamp, "2024-01-01 00:00:00")}, {Timestamp, read(Timestamptz, "2024-01-01 00:00:00Z")},
		{Date, read(Timestamptz, "2024-01-01 00:00:00Z")}, {Bytea, read(Text, "a")}, {Date, Int(1)}, {Numeric, read(Text, "1")},
	} {
		if v, _, err := Convert(c.column, c.arg); !errors.Is(err, ErrCast) {
			t.Errorf("%s = %s %s: %v, %v", c.column, c.arg.Type(), c.arg, v, err)
		}
	}
	every(func(typ Type) {
		if v, match, err := Convert(typ, Null(Int8)); !v.IsNull() || match || err != nil {
			t.Errorf("%s = NULL: %v, %v, %v", typ, v, match, err)
		}
		if v, err := Assign(typ, -1, Null(Int8)); !v.IsNull() || v.Type() != widest(typ) || err != nil {
			t.Errorf("%s gets NULL: %v, %v", typ, v, err)
		}
	})
	// Dates reach further than timestamps.
	if _, match, err := Convert(Timestamp, Value{typ: Date, form: plain, n: endDays - 1}); match || err != nil {
		t.Error(match, err)
	}
}
