package sqlparse

import "testing"

// TestPrepareText: the pieces of PREPARE and EXECUTE, however they are written.
func TestPrepareText(t *testing.T) {
	for _, c := range []struct{ sql, tail, query string }{
		{"prepare p as select 1", " as select 1", "select 1"},
		{`PREPARE "a ""b"(int, numeric(10, 2), "as")AS SELECT $1 ;`, `(int, numeric(10, 2), "as")AS SELECT $1 ;`, "SELECT $1 ;"},
		{"/* wye: shard=s1 */ prepare /* x */ p /* ( */ (int) -- as\n as\n select $1", " /* ( */ (int) -- as\n as\n select $1", "/* wye: shard=s1 */ select $1"},
		{"prepare p as/* wye: role=replica */ select 1", " as/* wye: role=replica */ select 1", "/* wye: role=replica */ select 1"},
		{`prepare U&"p" as select 1`, "", ""},
		{"prepare", "", ""},
		{"prepare p (int", "", ""},
		{"prepare p", "", ""},
	} {
		tail, query, ok := PrepareText([]byte(c.sql))
		if string(tail) != c.tail || string(query) != c.query || ok != (c.query != "") {
			t.Errorf("%s: %q %q %v", c.sql, tail, query, ok)
		}
	}
	for _, c := range []struct {
		sql, args, hints string
		ok               bool
	}{
		{"execute p", "", "", true},
		{"execute p;", "", "", true},
		{"EXECUTE p(1, 'a)b', (2), \")\")", "1, 'a)b', (2), \")\"", "", true},
		{`execute p (E'\')', $$)$$, $x$)$x$, $1, e'a'')\'' /* ) */, 3) -- )`, `E'\')', $$)$$, $x$)$x$, $1, e'a'')\'' /* ) */, 3`, "", true},
		{"execute p(e'a'\n'\\')')", "e'a'\n'\\')'", "", true},
		{"/* wye: shard=s1 */ execute p(1)", "1", "/* wye: shard=s1 */ ", true},
		{"execute p(1", "", "", false},
		{"execute p(", "", "", false},
	} {
		args, hints, ok := ExecuteText([]byte(c.sql))
		if string(args) != c.args || string(hints) != c.hints || ok != c.ok {
			t.Errorf("%s: %q %q %v", c.sql, args, hints, ok)
		}
	}
}
