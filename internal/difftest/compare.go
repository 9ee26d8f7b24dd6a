package difftest

import (
	"fmt"
	"slices"
)

// Class is what a target's answer is, beside PostgreSQL's.
type Class uint8

// Ordered by how bad.
const (
	Equal Class = iota
	Refused
	Wrong
)

func (c Class) String() string { return [...]string{"equal", "refused", "wrong"}[c] }

// refusals are the SQLSTATEs of what wye will not do: a shape that is not
// supported, and a cap on moving rows.
var refusals = []string{"0A000", "54000"}

// compare judges one step. within are the rows that Step.Within allows.
func compare(c Case, s Step, want, got Answer, within []string) (Class, string) {
	switch {
	case got.Lost != nil:
		return Wrong, "connection: " + got.Lost.Error()
	case want.Err != nil && got.Err != nil && want.Err.Code == got.Err.Code:
		return same("transaction status", string(want.Tx), string(got.Tx))
	case got.Err != nil && (slices.Contains(refusals, got.Err.Code) || slices.Contains(c.Also, got.Err.Code)):
		if got.Err.Message == "" || got.Err.Hint == "" {
			return Wrong, "refused without a hint: " + got.Err.String()
		}
		return Refused, got.Err.String()
	case got.Err != nil || want.Err != nil:
		return Wrong, fmt.Sprintf("error: want %s, got %s", want.Err, got.Err)
	case len(want.Results) != len(got.Results):
		return Wrong, fmt.Sprintf("results: want %d, got %d", len(want.Results), len(got.Results))
	case !slices.Equal(want.Params, got.Params):
		return Wrong, fmt.Sprintf("parameters: want %d, got %d", want.Params, got.Params)
	}
	for i := range want.Results {
		if class, why := compareResult(s, want.Results[i], got.Results[i], within); class != Equal {
			return class, why
		}
	}
	return same("transaction status", string(want.Tx), string(got.Tx))
}

func same(what, want, got string) (Class, string) {
	if want != got {
		return Wrong, fmt.Sprintf("%s: want %q, got %q", what, want, got)
	}
	return Equal, ""
}

func compareResult(s Step, want, got Result, within []string) (Class, string) {
	if !slices.Equal(want.Columns, got.Columns) {
		return Wrong, fmt.Sprintf("columns: want %+v, got %+v", want.Columns, got.Columns)
	}
	if class, why := same("tag", want.Tag, got.Tag); class != Equal {
		return class, why
	}
	if want.Suspended != got.Suspended {
		return Wrong, fmt.Sprintf("portal: want %d pauses, got %d", want.Suspended, got.Suspended)
	}
	if len(want.Rows) != len(got.Rows) {
		return Wrong, fmt.Sprintf("rows: want %d, got %d", len(want.Rows), len(got.Rows))
	}
	switch {
	case s.Within != "":
		return compareWithin(within, got.Rows)
	case !s.Ordered:
		want.Rows, got.Rows = slices.Sorted(slices.Values(want.Rows)), slices.Sorted(slices.Values(got.Rows))
	}
	for i, row := range want.Rows {
		if row != got.Rows[i] {
			return Wrong, fmt.Sprintf("row %d: want %s, got %s", i+1, showRow(row), showRow(got.Rows[i]))
		}
	}
	return Equal, ""
}

// compareWithin allows any rows of those, none more often than it is there.
func compareWithin(allowed, got []string) (Class, string) {
	left := map[string]int{}
	for _, row := range allowed {
		left[row]++
	}
	for i, row := range got {
		if left[row]--; left[row] < 0 {
			return Wrong, fmt.Sprintf("row %d: %s is not among those it may be", i+1, showRow(row))
		}
	}
	return Equal, ""
}
