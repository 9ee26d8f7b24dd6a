package difftest

import (
	"slices"
	"strings"
	"testing"
)

func row(values ...string) string {
	var all [][]byte
	for _, v := range values {
		all = append(all, []byte(v))
	}
	return packRow(all)
}

// TestCompare: what is equal, what refused, and that each thing a client sees
// can be wrong.
func TestCompare(t *testing.T) {
	one := func(r Result) Answer { return Answer{Results: []Result{r}, Tx: 'I'} }
	failed := func(code, hint string) Answer {
		return Answer{Err: &Failure{Code: code, Message: "m", Hint: hint}, Tx: 'I'}
	}
	base := Result{Columns: []Column{{"a", 20, 8, -1, 0}}, Rows: []string{row("1"), row("2")}, Tag: "SELECT 2"}
	with := func(change func(*Result)) Answer {
		r := base
		r.Rows = slices.Clone(base.Rows)
		change(&r)
		return one(r)
	}
	swapped := with(func(r *Result) { slices.Reverse(r.Rows) })
	for name, c := range map[string]struct {
		step      Step
		want, got Answer
		class     Class
		why       string
	}{
		"same":          {Step{Ordered: true}, one(base), one(base), Equal, ""},
		"multiset":      {Step{}, one(base), swapped, Equal, ""},
		"order":         {Step{Ordered: true}, one(base), swapped, Wrong, "row 1"},
		"value":         {Step{}, one(base), with(func(r *Result) { r.Rows[0] = row("3") }), Wrong, "row 1"},
		"twice":         {Step{}, one(base), with(func(r *Result) { r.Rows[0] = row("2") }), Wrong, "row 1"},
		"null":          {Step{}, one(base), with(func(r *Result) { r.Rows[0] = packRow([][]byte{nil}) }), Wrong, "row 1"},
		"count":         {Step{}, one(base), with(func(r *Result) { r.Rows = r.Rows[:1] }), Wrong, "rows"},
		"tag":           {Step{}, one(base), with(func(r *Result) { r.Tag = "SELECT 1" }), Wrong, "tag"},
		"pauses":        {Step{}, one(base), with(func(r *Result) { r.Suspended = 1 }), Wrong, "portal"},
		"type":          {Step{}, one(base), with(func(r *Result) { r.Columns = []Column{{"a", 23, 4, -1, 0}} }), Wrong, "columns"},
		"modifier":      {Step{}, one(base), with(func(r *Result) { r.Columns = []Column{{"a", 20, 8, 4, 0}} }), Wrong, "columns"},
		"results":       {Step{}, one(base), Answer{Tx: 'I'}, Wrong, "results"},
		"status":        {Step{}, one(base), Answer{Results: []Result{base}, Tx: 'T'}, Wrong, "status"},
		"parameters":    {Step{}, one(base), Answer{Params: []uint32{20}, Results: []Result{base}, Tx: 'I'}, Wrong, "parameters"},
		"same error":    {Step{}, failed("22012", ""), failed("22012", ""), Equal, ""},
		"other error":   {Step{}, failed("22012", ""), failed("22003", ""), Wrong, "error"},
		"an error":      {Step{}, one(base), failed("22012", "try"), Wrong, "error"},
		"no error":      {Step{}, failed("22012", ""), one(base), Wrong, "error"},
		"refused":       {Step{}, one(base), failed("0A000", "try"), Refused, "try"},
		"cap":           {Step{}, failed("22012", ""), failed("54000", "try"), Refused, "try"},
		"no hint":       {Step{}, one(base), failed("0A000", ""), Wrong, "hint"},
		"within":        {Step{Within: "q"}, one(base), with(func(r *Result) { r.Rows[0] = row("9") }), Equal, ""},
		"within twice":  {Step{Within: "q"}, one(base), with(func(r *Result) { r.Rows[0] = row("2") }), Wrong, "not among"},
		"lost":          {Step{}, one(base), Answer{Lost: errShort}, Wrong, "connection"},
		"also refusals": {Step{}, one(base), failed("23514", "map it"), Refused, "map it"},
	} {
		class, why := compare(Case{Also: []string{"23514"}}, c.step, c.want, c.got, []string{row("9"), row("2"), row("1")})
		if class != c.class || !strings.Contains(why, c.why) {
			t.Errorf("%s: %v %q, want %v %q", name, class, why, c.class, c.why)
		}
	}
}

func TestSplitCopy(t *testing.T) {
	body := "\x00\x02\x00\x00\x00\x01a\xff\xff\xff\xff"
	all := string(binaryHead) + body + body + "\xff\xff"
	rows, err := splitCopy([]byte(all), true)
	if err != nil || len(rows) != 2 || showRow(rows[0]) != "a | NULL" {
		t.Errorf("%q %v", rows, err)
	}
	for _, bad := range []string{"", all[:len(all)-1], all[:len(all)-5], all + "x", "PGCOPY" + all} {
		if rows, err := splitCopy([]byte(bad), true); err == nil {
			t.Errorf("%q: %q", bad, rows)
		}
	}
	if rows, err := splitCopy([]byte("a\nb"), false); err != nil || len(rows) != 2 {
		t.Errorf("%q %v", rows, err)
	}
}

// FuzzSplitCopy: no bytes make it panic, and rows are what was there.
func FuzzSplitCopy(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00\x01a\xff\xff"))
	f.Add([]byte("\x00\x02\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := splitCopy(append(slices.Clone(binaryHead), b...), true)
		if err != nil {
			return
		}
		size := 2
		for _, r := range rows {
			size += 2 + len(r)
			showRow(r)
		}
		if size != len(b) {
			t.Errorf("%d bytes of rows in %d", size, len(b))
		}
	})
}
