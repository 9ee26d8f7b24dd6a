package copysplit

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Of the values that PostgreSQL prints the Writer makes, byte by byte, what
// PostgreSQL's COPY TO makes.
func TestWriterWritesAsPostgreSQL(t *testing.T) {
	s := startServer(t)
	s.exec(`CREATE TEMP TABLE one (n int, "a,\b" text, c text); CREATE TEMP TABLE alone ("\." text)`)
	r := rand.New(rand.NewPCG(3, 5))
	for range 300 {
		s.insert("one", 1, nastyValue(r), nastyValue(r))
		s.insert("alone", nastyValue(r))
	}
	s.insert("alone", `\.`)
	quoting := form{`FORMAT csv, HEADER, FORCE_QUOTE *`, Format{CSV: true, Header: true}}
	for i, f := range append(append([]form{quoting}, forms...), form{`FORMAT csv, QUOTE '\', ESCAPE 'x', NULL 'N', HEADER true`, Format{CSV: true, Quote: '\\', Esc: 'x', Null: "N", Header: true}}) {
		for table, names := range map[string][]string{"one": {"n", `a,\b`, "c"}, "alone": {`\.`}} {
			var quoted []int
			for at := range names {
				if i == 0 {
					quoted = append(quoted, at)
				}
			}
			w, err := NewWriter(f.Format, len(names), quoted)
			if err != nil {
				t.Fatal(err)
			}
			format := int16(0)
			if f.Binary {
				format = 1
			}
			got := w.AppendHeader(nil, names)
			for _, row := range s.rows("SELECT * FROM "+table, format) {
				got = w.AppendRow(got, row)
			}
			got = w.AppendTrailer(got)
			if want := s.copyOut("COPY (SELECT * FROM " + table + ") TO STDOUT (" + f.options + ")"); !bytes.Equal(got, want) {
				t.Errorf("%s of %s:\n got %q\nwant %q", f.options, table, got, want)
			}
		}
	}
	for _, f := range []Format{{Delimiter: 'a'}, {CSV: true, Delimiter: '"'}, {Null: "\n"}, {Binary: true, Header: true}} {
		if _, err := NewWriter(f, 1, nil); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}

// insert puts a row of these texts into a table.
func (s *server) insert(table string, values ...any) {
	s.t.Helper()
	sql, args := "INSERT INTO "+table+" VALUES (", [][]byte{}
	for i, v := range values {
		if i > 0 {
			sql += ", "
		}
		switch v := v.(type) {
		case string:
			args = append(args, []byte(v))
			sql += "$" + string(rune('0'+len(args)))
		case int:
			sql += "1"
		default:
			sql += "NULL"
		}
	}
	if res := s.conn.ExecParams(s.t.Context(), sql+")", args, nil, nil, nil).Read(); res.Err != nil {
		s.t.Fatal(res.Err)
	}
}
