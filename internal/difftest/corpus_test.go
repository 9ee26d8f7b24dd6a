package difftest

import (
	"strings"
	"testing"
)

// TestCorpus: each row of section 6 has statements, and there are enough.
func TestCorpus(t *testing.T) {
	cases := corpus(t)
	rows, steps := map[string]int{}, 0
	for _, c := range cases {
		steps += len(c.Steps)
		for _, r := range c.Rows {
			rows[r]++
		}
	}
	for _, s := range Shapes {
		if rows[s.Row] < 2 {
			t.Errorf("row %s (%s) has %d cases, want two at least", s.Row, s.Title, rows[s.Row])
		}
	}
	if len(cases) < 200 {
		t.Errorf("%d cases, want 200", len(cases))
	}
	t.Logf("%d cases, %d statements", len(cases), steps)
}

func TestParseCorpus(t *testing.T) {
	text := "-- prose\n\n--! rows 1 2\n--! touches users\n-- why\n--! args int8 3 | text a b\n--! ordered\nSELECT\n  $1;\nCOPY t FROM STDIN;\n1\n\n\\.\n\n"
	all, err := parseCorpus("x.sql", text)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	c := all[0]
	if c.At != "x.sql:8" || len(c.Steps) != 2 || c.Steps[0].SQL != "SELECT\n  $1" || !c.Steps[0].Ordered || c.Steps[1].Ordered || c.Steps[1].Copy != "1\n\n" {
		t.Errorf("%+v", c)
	}
	if got := (Step{SQL: "SELECT $1, $2, $3", Args: c.Steps[0].Args}).inlined(); got != "SELECT '3'::int8, 'a b'::text, $3" {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"--! rows 99\nSELECT 1;\n\n":                "no row 99",
		"SELECT 1;\n\n":                             "no rows",
		"--! rows 1\nSELECT 1\n\n":                  "semicolon",
		"--! rows 1\n--! touches x\nSELECT 1;\n\n":  "no table x",
		"--! rows 1\n--! orderd\nSELECT 1;\n\n":     "unknown directive",
		"--! rows 1\nSELECT 1;\n--! ordered\n\n":    "without its statement",
		"--! rows 1\nSELECT 1;":                     "blank line",
		"--! rows 1\n--! args nat 1\nSELECT 1;\n\n": "no type",
	} {
		if _, err := parseCorpus("x.sql", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func corpus(t *testing.T) []Case {
	t.Helper()
	cases, err := Corpus()
	if err != nil {
		t.Fatal(err)
	}
	return cases
}
