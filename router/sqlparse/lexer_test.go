package sqlparse

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// lexerSeeds are texts at which lexers go wrong.
var lexerSeeds = []string{
	"select 1, 1.5, .5, 1e5, 1e+5, 1., 0x1f, 0b1, 0o7, 1_000, 12345678901",
	"select 'it''s', e'it\\'s', E'\\\\', b'1', x'f', n'x', u&'\\0061', U&'x' uescape '!'",
	"select E'a'\n'b\\'c', 'a'\n'b', 'a' -- x\n 'b'",
	`select "a""b", U&"a\0062", "a'b"`,
	"select $$x$$, $a$ $$ $b$ $a$, $1, $1+$2, a$b$c",
	"select/* a /* b */ c */1--d'\n+2",
	"select a+-1, a- -1, a@-1, a<->b, a::int, a:=1, a=>1",
	"select 1 /* open", "select 'open", "select $a$open", `select "open`, "select e'open\\",
	"select é, 日本, \"é\", $é$x$é$",
	"select 1;select 2;;", "", " ", "\t\n\r\f\v",
	"select a[1:2], a.b, a.*, f(a)", "select 1..2", "select 1.e5", "select 1e", "select 0x",
	"select 'a'/**/'b'", "select e'a'/**/\n'b\\'", "select $1a", "select 1a",
	"select *//* x */1", "select 1--", "select 1/*", "/**/", "--", "$$", "$", "''", "e''", "u&", "u&'", "x'",
}

// FuzzLexer compares where we see literals and comments with where
// PostgreSQL's own scanner sees them.
func FuzzLexer(f *testing.F) {
	for _, s := range lexerSeeds {
		f.Add(s)
	}
	skip := regexp.MustCompile(`(?i)in|array|values|wye|u&`) // the scan of pg_query misplaces U&''
	f.Fuzz(func(t *testing.T, sql string) {
		if len(sql) > 4096 || !utf8.ValidString(sql) || strings.ContainsRune(sql, 0) || skip.MatchString(sql) {
			return
		}
		got, exact := makeSkeleton(nil, []byte(sql))
		scanned, err := pg_query.Scan(sql)
		if err != nil || exact {
			return
		}
		if g, w := squeeze(string(got)), squeeze(theirSkeleton(sql, scanned)); g != w {
			t.Errorf("%q\nours   %q\ntheirs %q", sql, g, w)
		}
	})
}

// theirSkeleton marks the literals that PostgreSQL's scanner finds.
func theirSkeleton(sql string, r *pg_query.ScanResult) string {
	var b strings.Builder
	last := int32(0)
	for _, tok := range r.Tokens {
		b.WriteString(sql[last:tok.Start])
		switch tok.Token {
		case pg_query.Token_ICONST, pg_query.Token_FCONST:
			b.WriteByte(markNumber)
		case pg_query.Token_SCONST, pg_query.Token_USCONST:
			b.WriteByte(markString)
		case pg_query.Token_BCONST:
			b.WriteByte(markBits)
		case pg_query.Token_XCONST:
			b.WriteByte(markHex)
		case pg_query.Token_SQL_COMMENT, pg_query.Token_C_COMMENT:
			b.WriteByte(' ')
		default:
			b.WriteString(sql[tok.Start:tok.End])
		}
		last = tok.End
	}
	b.WriteString(sql[last:])
	return b.String()
}

var (
	spaces    = regexp.MustCompile(`[ \t\n\r\f\v]+`)
	continued = regexp.MustCompile("([\x03\x04\x05])(\n?\x03)+")
)

// squeeze makes two skeletons comparable: our integers are numbers, spaces do
// not count, and a string that goes on after a line break is one.
func squeeze(s string) string {
	s = strings.ReplaceAll(s, string(rune(markInt)), string(rune(markNumber)))
	s = spaces.ReplaceAllStringFunc(s, func(sp string) string {
		if strings.ContainsAny(sp, "\n\r") {
			return "\n"
		}
		return ""
	})
	s = continued.ReplaceAllString(s, "$1")
	return strings.ReplaceAll(s, "\n", "")
}

// FuzzScanner checks that the scanner says the same however its text is cut.
func FuzzScanner(f *testing.F) {
	for i, s := range append(lexerSeeds, goldenSQL(f)...) {
		f.Add([]byte(s), uint16(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, sql []byte, at uint16, step uint8) {
		want := Scan(sql).String()
		var s Scanner
		for rest, n := sql, int(at); len(rest) > 0; n = int(step) + 1 {
			chunk := bytes.Clone(rest[:min(n, len(rest))])
			rest = rest[len(chunk):]
			if n, err := s.Write(chunk); n != len(chunk) || err != nil {
				t.Fatal(n, err)
			}
			clear(chunk) // the scanner may keep nothing of it
		}
		if got := s.Statement().String(); got != want {
			t.Errorf("%q cut at %d and every %d\n got %s\nwant %s", sql, at, step, got, want)
		}
	})
}

// TestScannerCuts cuts every golden text at every byte.
func TestScannerCuts(t *testing.T) {
	for _, sql := range append(lexerSeeds, goldenSQL(t)...) {
		want := Scan([]byte(sql)).String()
		for at := range len(sql) {
			var s Scanner
			s.Write([]byte(sql[:at]))
			s.Write([]byte(sql[at:]))
			if got := s.Statement().String(); got != want {
				t.Fatalf("%q cut at %d\n got %s\nwant %s", sql, at, got, want)
			}
		}
	}
}

// TestScannerLongTag: the end of a dollar quote whose tag is too long to keep
// cannot be found, so whatever is behind it counts.
func TestScannerLongTag(t *testing.T) {
	tag := "$" + strings.Repeat("x", 2*maxToken) + "$"
	var s Scanner
	for _, c := range []byte("select " + tag + " 1 " + tag) {
		s.Write([]byte{c})
	}
	if got := s.Statement(); got.Plain() {
		t.Error(got)
	}
}

// goldenSQL is the SQL of all golden files.
func goldenSQL(t testing.TB) (all []string) {
	for _, file := range append(goldenFiles(t, "*.txt"), goldenFiles(t, "facts/*.txt")...) {
		for _, c := range goldenCases(t, file) {
			all = append(all, c.sql)
		}
	}
	return all
}

// TestScannerLongTokens feeds tokens longer than the scanner keeps.
func TestScannerLongTokens(t *testing.T) {
	long := strings.Repeat("x", 10*maxToken)
	for _, c := range []struct{ sql, want string }{
		{"select " + long + ", pg_advisory_lock(1)", "scanned\nselect\n  advisory-lock\n"},
		{`select "` + long + `", pg_advisory_lock(1)`, "scanned\nselect\n  advisory-lock\n"},
		{`select "` + strings.Repeat(`""`, 5*maxToken) + `", pg_advisory_lock(1)`, "scanned\nselect\n  advisory-lock\n"},
		{"select '" + strings.Repeat("''", 5*maxToken) + " pg_advisory_lock(1)'", "scanned\nselect\n"},
		{"select " + strings.Repeat("1", 10*maxToken) + ", pg_advisory_lock(1)", "scanned\nselect\n  advisory-lock\n"},
		{"select $" + long[:100] + "$ pg_advisory_lock(1) $" + long[:100] + "$", "scanned\nselect\n"},
		{"select /*" + strings.Repeat("/*", maxToken) + strings.Repeat("*/", maxToken) + " pg_advisory_lock(1) */ 1", "scanned\nselect\n"},
		{"savepoint " + long, "scanned\nsavepoint " + long[:maxName] + "\n"},
	} {
		for _, step := range []int{1, 7, 1000, 4096, 5000, 1 << 20} {
			var s Scanner
			for rest := c.sql; rest != ""; rest = rest[min(step, len(rest)):] {
				s.Write([]byte(rest[:min(step, len(rest))]))
			}
			if cap(s.carry) > 8*maxToken {
				t.Errorf("%.20s...: the scanner kept %d bytes", c.sql, cap(s.carry))
			}
			if got := s.Statement().String(); got != c.want {
				t.Errorf("%.20s... by %d: %s", c.sql, step, got)
			}
		}
	}
}
