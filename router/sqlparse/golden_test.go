package sqlparse

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", os.Getenv("WYE_REWRITE") != "", "write what comes out into the golden files")

const goldenDir = "../../testdata/sql"

// TestGolden reads testdata/sql: SQL, a line "----", and the Statement as it
// prints. In files named scan*.txt the scanner reads alone.
func TestGolden(t *testing.T) {
	for _, file := range goldenFiles(t, "*.txt") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			read := newTestReader(t, 1<<20).Read
			if strings.HasPrefix(filepath.Base(file), "scan") {
				read = Scan
			}
			golden(t, file, func(sql []byte) string { return read(sql).String() })
		})
	}
}

// TestGoldenFacts reads testdata/sql/facts in the same way.
func TestGoldenFacts(t *testing.T) {
	for _, file := range goldenFiles(t, "facts/*.txt") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r := newTestReader(t, 1<<20)
			golden(t, file, func(sql []byte) string { return r.Read(sql).Facts().String() })
		})
	}
}

func goldenFiles(t testing.TB, pattern string) []string {
	files, err := filepath.Glob(filepath.Join(goldenDir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files in %s (%v)", goldenDir, err)
	}
	return files
}

func golden(t *testing.T, file string, read func(sql []byte) string) {
	var out strings.Builder
	for _, c := range goldenCases(t, file) {
		got := read([]byte(c.sql))
		if again := read([]byte(c.sql)); again != got {
			t.Errorf("%s: from the cache\n%s", c.sql, again)
		}
		if !*rewrite && got != c.want {
			t.Errorf("%s\n---- got\n%s---- want\n%s", c.sql, got, c.want)
		}
		out.WriteString(c.comment + c.sql + "\n----\n" + got + "\n")
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

type goldenCase struct{ comment, sql, want string }

// goldenCases splits a file at empty lines. Lines that start with # before
// the SQL are comments.
func goldenCases(t testing.TB, file string) (cases []goldenCase) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(strings.Trim(string(text), "\n"), "\n\n") {
		var c goldenCase
		for strings.HasPrefix(block, "#") {
			line, rest, _ := strings.Cut(block, "\n")
			c.comment, block = c.comment+line+"\n", rest
		}
		c.sql, c.want, _ = strings.Cut(block, "\n----\n")
		c.sql = strings.TrimSuffix(c.sql, "\n----")
		if c.want != "" {
			c.want = strings.TrimSuffix(c.want, "\n") + "\n"
		}
		cases = append(cases, c)
	}
	return cases
}

func newTestReader(t testing.TB, maxBytes int64) *Reader {
	r := NewReader(maxBytes)
	t.Cleanup(func() {
		r.Close()
		if n := r.Stats().Faults; n > 0 {
			t.Errorf("reading panicked %d times", n)
		}
	})
	return r
}
