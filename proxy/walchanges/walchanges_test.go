package walchanges

import (
	"bytes"
	"reflect"
	"testing"
)

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		line   string
		kind   Kind
		tables []string
	}{
		{"BEGIN", Begin, nil},
		{"COMMIT", Commit, nil},
		{"table public.hot: UPDATE: id[integer]:1 v[text]:'a: b'", Change, []string{"hot"}},
		{`table "My Schema"."Hot: ""x"" table": INSERT: id[integer]:1`, Change, []string{`Hot: "x" table`}},
		{"table public.a, public.b, s.\"C\": TRUNCATE: cascade", Change, []string{"a", "b", "C"}},
		{"table public.hot: DELETE: (no-tuple-data)", Change, []string{"hot"}},
		{"message: transactional: 1 prefix: x, sz: 1 content:y", Other, nil},
		{"table public", Other, nil}, {"table .", Other, nil}, {"table public.hot", Other, nil}, {`table "x`, Other, nil}, {"", Other, nil},
	} {
		kind, tables := Line([]byte(tt.line))
		if kind != tt.kind || !reflect.DeepEqual(tables, tt.tables) {
			t.Errorf("%s: %v, %q", tt.line, kind, tables)
		}
	}
}

func TestTransaction(t *testing.T) {
	var x Transaction
	take := func(lines ...string) {
		t.Helper()
		for i, l := range lines {
			if done := x.Take([]byte(l)); done != (i == len(lines)-1) {
				t.Fatalf("%s: done %v", l, done)
			}
		}
	}
	take("BEGIN", "COMMIT")
	if !x.Empty() {
		t.Error("not empty")
	}
	take("BEGIN", "table s.a: INSERT: x", "table s.a: INSERT: x", "table s.b: INSERT: x", "COMMIT")
	if len(x.Tables) != 2 || x.All {
		t.Errorf("%+v", x)
	}
	take("BEGIN", "message: what is this", "COMMIT")
	if !x.All || x.Empty() {
		t.Errorf("%+v", x)
	}
	lines := []string{"BEGIN"}
	for i := range maxTables + 1 {
		lines = append(lines, "table s.t"+string(rune('a'+i%26))+string(rune('a'+i/26))+": INSERT: x")
	}
	take(append(lines, "COMMIT")...)
	if !x.All || len(x.Tables) != maxTables {
		t.Errorf("all %v, %d tables", x.All, len(x.Tables))
	}
}

func TestSnapshot(t *testing.T) {
	s, ok := ParseSnapshot("4294967390:4294967400:4294967390,4294967395") // 94:104:94,99 of the next epoch
	if !ok {
		t.Fatal("not understood")
	}
	for xid, want := range map[uint32]bool{93: true, 94: false, 95: true, 99: false, 103: true, 104: false, 105: false, 4294967290: true} {
		if got := s.Shows(xid); got != want {
			t.Errorf("%d: %v", xid, got)
		}
	}
	if s, ok := ParseSnapshot("10:20:"); !ok || !s.Shows(19) || s.Shows(20) {
		t.Error("without running transactions")
	}
	for _, bad := range []string{"", "1:2", "a:b:", "1:2:x", "1:-2:"} {
		if _, ok := ParseSnapshot(bad); ok {
			t.Errorf("%q was taken", bad)
		}
	}
	if xid, ok := XID([]byte("COMMIT 771")); !ok || xid != 771 {
		t.Error(xid, ok)
	}
	if _, ok := XID([]byte("COMMIT")); ok {
		t.Error("a number out of nothing")
	}
}

func TestMessages(t *testing.T) {
	w := append(append([]byte{'w', 0, 0, 0, 0, 0, 0, 1, 2}, make([]byte, 16)...), "BEGIN"...)
	if m, ok := Parse(w); !ok || m.End != 258 || string(m.Line) != "BEGIN" || m.Reply {
		t.Errorf("%+v, %v", m, ok)
	}
	k := append(append([]byte{'k', 0, 0, 0, 0, 0, 0, 1, 2}, make([]byte, 8)...), 1)
	if m, ok := Parse(k); !ok || m.End != 258 || m.Line != nil || !m.Reply {
		t.Errorf("%+v, %v", m, ok)
	}
	for _, bad := range [][]byte{nil, {'w'}, {'k', 1}, w[:24], append(bytes.Clone(k), 0), {'x'}} {
		if _, ok := Parse(bad); ok {
			t.Errorf("%v was taken", bad)
		}
	}
	if s := AppendStatus(nil, 258); len(s) != 34 || s[0] != 'r' || s[33] != 1 || s[8] != 2 || s[16] != 2 || s[24] != 2 {
		t.Errorf("%v", s)
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"BEGIN", "table public.hot: UPDATE: id[integer]:1", `table "a""b".c, d.e: TRUNCATE: x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		kind, tables := Line(line)
		if (kind == Change) != (len(tables) > 0) {
			t.Errorf("%v, %q", kind, tables)
		}
		var x Transaction
		x.Take(line)
		_, _ = Parse(line)
	})
}
