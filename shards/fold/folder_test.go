package fold

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// make1 reads a value: NULL, or what the type's text is.
func make1(oid uint32, text string) []byte {
	switch {
	case text == "NULL":
		return nil
	case oid == oidNumeric:
		return numeric(text)
	case oid == oidBool:
		return []byte{map[string]byte{"t": 1}[text]}
	case oid == oidInt4 || oid == oidInt8 || oid == oidTimestamp:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(err)
		}
		return appendInteger(nil, oid, n)
	}
	return []byte(text)
}

// folded runs rows, one a line, columns between bars, and returns the answer
// in the same way.
func folded(t *testing.T, spec *Spec, rows string) string {
	t.Helper()
	f := New(spec)
	for line := range strings.Lines(rows) {
		var row [][]byte
		for i, v := range strings.Split(strings.TrimSuffix(line, "\n"), "|") {
			row = append(row, make1(spec.Columns[i].Type, v))
		}
		if err := f.Add(row); err != nil {
			return err.Error()
		}
	}
	n, err := f.Finish()
	if err != nil {
		return err.Error()
	}
	var out []string
	for i := range n {
		var words []string
		for _, v := range f.Row(i, func(int) bool { return true }) {
			if v == nil {
				words = append(words, "NULL")
			} else {
				words = append(words, string(v))
			}
		}
		out = append(out, strings.Join(words, "|"))
	}
	return strings.Join(out, "\n")
}

func value(column int, oid uint32) Output {
	return Output{Column: column, Type: oid, Counts: -1, Twin: -1}
}

// byText groups by a text and counts, which is in column 2.
func byText() *Spec {
	return &Spec{Columns: []Column{{Op: Key, Type: oidText}, {Op: Count, Type: oidInt8}}, Outputs: []Output{value(0, oidText), value(1, oidInt8)}}
}

func TestGroups(t *testing.T) {
	got := folded(t, byText(), "b|1\n|2\nNULL|3\nB|4\nb|10\nNULL|30\né|5\n|20\ne\u0301|6\nb |7")
	want := "|22\nB|4\nb|11\nb |7\ne\u0301|6\né|5\nNULL|33"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Two keys must not run into one another.
func TestTwoKeys(t *testing.T) {
	spec := &Spec{
		Columns: []Column{{Op: Key, Type: oidText}, {Op: Key, Type: oidText}, {Op: Count, Type: oidInt8}},
		Outputs: []Output{value(0, oidText), value(1, oidText), value(2, oidInt8)},
	}
	got := folded(t, spec, "a|bc|1\nab|c|2\nabc||3\n|abc|4\nabc|NULL|5\nNULL|abc|6\na|bc|10\nNULL|NULL|7")
	want := "|abc|4\na|bc|11\nab|c|2\nabc||3\nabc|NULL|5\nNULL|abc|6\nNULL|NULL|7"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// everything is each kind of aggregate once, without a key.
func everything() *Spec {
	return &Spec{
		Columns: []Column{
			{Op: Count, Type: oidInt8}, {Op: Sum, Type: oidInt8}, {Op: Sum, Type: oidNumeric}, {Op: Min, Type: oidInt4}, {Op: Max, Type: oidText},
			{Op: And, Type: oidBool}, {Op: Or, Type: oidBool}, {Op: Min, Type: oidTimestamp}, {Op: Twin, Type: oidText, Of: 7},
		},
		Outputs: []Output{
			value(0, oidInt8), value(1, oidInt8), value(2, oidNumeric), value(3, oidInt4), value(4, oidText), value(5, oidBool), value(6, oidBool),
			{Column: 7, Type: oidTimestamp, Counts: -1, Twin: 8},
			{Column: 2, Type: oidNumeric, Counts: 0, Twin: -1},
			{Column: 1, Type: oidInt8, Counts: -1, Twin: -1, Otherwise: true},
			{Column: 2, Type: oidNumeric, Counts: -1, Twin: -1, Otherwise: true, Instead: -10000},
		},
	}
}

func TestEveryOp(t *testing.T) {
	for _, c := range []struct{ rows, want string }{
		{"2|10|1.50|-3|a|t|f|5|five\n3|-4|0.5|7|b|t|t|-4|minus four\n0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n1|0|-3|-4|B|f|f|2000|late",
			"6|6|-1.00|-4|b|f|t|minus four|-0.16666666666666666667|6|-1.00"},
		// Of no rows at all, count is 0 and the others are NULL.
		{strings.Repeat("0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n", 4), "0|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|-10000"},
	} {
		if got := folded(t, everything(), c.rows); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestOverflow: an int8 sum that is too large is refused as PostgreSQL does.
func TestOverflow(t *testing.T) {
	spec := &Spec{Columns: []Column{{Op: Sum, Type: oidInt8}}, Outputs: []Output{value(0, oidInt8)}}
	for rows, want := range map[string]string{
		fmt.Sprintf("%d\n1", int64(math.MaxInt64)):     "bigint out of range",
		fmt.Sprintf("%d\n-1", int64(math.MinInt64)):    "bigint out of range",
		fmt.Sprintf("%d\n-1\n1", int64(math.MaxInt64)): fmt.Sprint(int64(math.MaxInt64)),
		fmt.Sprintf("%d\n0", int64(math.MinInt64)):     fmt.Sprint(int64(math.MinInt64)),
	} {
		if got := folded(t, spec, rows); !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", rows, got, want)
		}
	}
}

func TestOrderAndHaving(t *testing.T) {
	const rows = "a|3\nb|1\nc|2\nd|3\nNULL|5\ne|1\na|0"
	for _, c := range []struct {
		order  []Sort
		having []Condition
		want   string
	}{
		{nil, nil, "a b c d e NULL"},
		{[]Sort{{Output: 1, Desc: true}}, nil, "NULL a d c b e"},
		{[]Sort{{Output: 1}, {Output: 0, Desc: true}}, nil, "e b c d a NULL"},
		{[]Sort{{Output: 0, NullsFirst: true}}, nil, "NULL a b c d e"},
		{[]Sort{{Output: 0, Desc: true, NullsFirst: false}}, nil, "e d c b a NULL"},
		{nil, []Condition{{1, GreaterOrEqual, 2}, {1, Less, 5}}, "a c d"},
		{nil, []Condition{{1, Equal, 1}}, "b e"},
		{nil, []Condition{{1, NotEqual, 1}, {1, Greater, 2}, {1, LessOrEqual, 3}}, "a d"},
	} {
		spec := byText()
		spec.Order, spec.Having, spec.Hidden = c.order, c.having, 1
		if got := strings.ReplaceAll(folded(t, spec, rows), "\n", " "); got != c.want {
			t.Errorf("%v %v: %s, want %s", c.order, c.having, got, c.want)
		}
	}
}

// NULL meets no condition, and NaN is above all numbers.
func TestHavingOfNumerics(t *testing.T) {
	spec := &Spec{
		Columns: []Column{{Op: Key, Type: oidText}, {Op: Sum, Type: oidNumeric}},
		Outputs: []Output{value(0, oidText), value(1, oidNumeric)}, Hidden: 1,
	}
	const rows = "a|2.0\nb|NULL\nc|NaN\nd|1.9999\ne|-Infinity\nf|1\nf|1.00001"
	for is, want := range map[Compare]string{Greater: "c f", GreaterOrEqual: "a c f", Equal: "a", NotEqual: "c d e f", Less: "d e"} {
		spec.Having = []Condition{{1, is, 2}}
		if got := strings.ReplaceAll(folded(t, spec, rows), "\n", " "); got != want {
			t.Errorf("%s 2: %s, want %s", is, got, want)
		}
	}
}

// TestSize: what is held is counted, also where few bytes make it grow.
func TestSize(t *testing.T) {
	f := New(&Spec{Columns: []Column{{Op: Key, Type: oidInt8}, {Op: Sum, Type: oidNumeric}}, Outputs: []Output{value(1, oidNumeric)}})
	wide := number{weight: numericMaxWeight, digits: []int64{1}}.binary()
	small := number{weight: -4000, digits: []int64{1}, scale: 16000}.binary()
	for i := range int64(10) {
		for _, v := range [][]byte{wide, small} {
			if err := f.Add([][]byte{appendInteger(nil, oidInt8, i), v}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if least := int64(10 * 8 * (numericMaxWeight + 4000)); f.Size() < least {
		t.Errorf("%d bytes are counted of at least %d", f.Size(), least)
	}
	before := f.Size()
	for range 1000 { // the same again needs nothing more
		if err := f.Add([][]byte{appendInteger(nil, oidInt8, 1), wide}); err != nil {
			t.Fatal(err)
		}
	}
	if f.Size() != before {
		t.Errorf("%d bytes, before %d", f.Size(), before)
	}
}

func TestMalformedRows(t *testing.T) {
	for _, row := range [][][]byte{{}, {nil}, {nil, nil, nil}, {nil, {1}}, {[]byte("a"), make([]byte, 9)}} {
		var e *pgerror.Error
		if err := New(byText()).Add(row); !errors.As(err, &e) || e.Code != pgerror.ProtocolViolation {
			t.Errorf("%v: %v", row, err)
		}
	}
}

// FuzzFold: whatever shards send, there is an error or an answer.
func FuzzFold(f *testing.F) {
	f.Add([]byte("\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01"), []byte(""), true)
	f.Add(numeric("123456789.000012345"), []byte("t"), false)
	f.Add(numeric("NaN"), numeric("-1e"), true)
	f.Fuzz(func(t *testing.T, a, b []byte, alone bool) {
		spec := everything()
		if !alone {
			for i := range spec.Columns[:4] {
				spec.Columns[i].Op = Key
			}
			spec.Outputs = spec.Outputs[:8]
		}
		spec.Order = []Sort{{Output: 2}, {Output: 4, Desc: true}}
		fd := New(spec)
		for i := range 4 {
			row := make([][]byte, len(spec.Columns))
			for c := range row {
				switch (c + i) % 3 {
				case 0:
					row[c] = a
				case 1:
					row[c] = b
				}
			}
			if fd.Add(row) != nil {
				return
			}
		}
		n, err := fd.Finish()
		for i := range n {
			fd.Row(i, func(int) bool { return true })
		}
		if err == nil && alone && n != 1 {
			t.Fatal(n, "rows")
		}
	})
}
