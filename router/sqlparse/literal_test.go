package sqlparse

import (
	"strings"
	"testing"
)

func TestLiteral(t *testing.T) {
	const sql = "select 'a', 7.5 /* 9 */ from t where id = 12345 and b = E'x\\'y' and $1 = -3"
	for i, want := range []string{"'a'", "7.5", "12345", `E'x\'y'`, "3"} {
		text, kind, ok := Literal([]byte(sql), i)
		if !ok || string(text) != want {
			t.Errorf("%d: %q %v", i, text, ok)
		}
		if n, ok := LiteralAt([]byte(sql), strings.LastIndex(sql, want)); !ok || n != i {
			t.Errorf("%s is number %d %v", want, n, ok)
		}
		if wantKind := []byte{LiteralString, LiteralNumber, LiteralInt, LiteralString, LiteralInt}[i]; kind != wantKind {
			t.Errorf("%s is of kind %d", text, kind)
		}
	}
	if _, _, ok := Literal([]byte(sql), 5); ok {
		t.Error("there is no sixth")
	}
	all, ok := Literals(nil, []byte(sql))
	if !ok || len(all) != 5 {
		t.Fatalf("%d literals %v", len(all), ok)
	}
	for i, l := range all {
		if text, kind, _ := Literal([]byte(sql), i); sql[l.From:l.To] != string(text) || l.Kind != kind {
			t.Errorf("%d is %s and %s", i, sql[l.From:l.To], text)
		}
	}
	if _, ok := LiteralAt([]byte(sql), 0); ok {
		t.Error("no literal begins there")
	}
}

// TestLiteralOfCutShapes: where a Statement stands for texts with more rows
// or items, a number does not say which.
func TestLiteralOfCutShapes(t *testing.T) {
	for sql, want := range map[string]bool{
		"insert into t values (1, 'a')": true, "insert into t values (1, 'a'), (2, 'b')": false, "insert into t values (1, 'a'), ('b', 1)": true,
		"select 1 where a in (1)": true, "select 1 where a in (1, 2)": false, `select U&"x" uescape '!', 1`: false,
	} {
		if _, _, ok := Literal([]byte(sql), 0); ok != want {
			t.Errorf("%s: %v", sql, ok)
		}
		if _, ok := Literals(nil, []byte(sql)); ok != want {
			t.Errorf("all of %s: %v", sql, ok)
		}
	}
}

func BenchmarkLiteral(b *testing.B) {
	sql := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = 12345")
	b.ReportAllocs()
	for b.Loop() {
		Literal(sql, 0)
	}
}
