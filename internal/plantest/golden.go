package plantest

import (
	"os"
	"strings"
)

// TB is what Golden needs of a test.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// Golden holds a file of cases to what answer says of each: a line of
// options, SQL, a line "----", and the answer; comments begin with "#". With
// WYE_REWRITE set it writes the answers into the file instead.
func Golden(t TB, file string, answer func(options, sql string) string) {
	t.Helper()
	rewrite := os.Getenv("WYE_REWRITE") != ""
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for block := range strings.SplitSeq(strings.Trim(string(text), "\n"), "\n\n") {
		comment, rest := "", block
		for strings.HasPrefix(rest, "#") {
			line, after, _ := strings.Cut(rest, "\n")
			comment, rest = comment+line+"\n", after
		}
		if rest == "" {
			out = append(out, strings.TrimSuffix(comment, "\n"))
			continue
		}
		options, rest, _ := strings.Cut(rest, "\n")
		sql, want, _ := strings.Cut(rest, "\n----")
		got := answer(options, sql)
		if want = strings.TrimPrefix(want, "\n"); !rewrite && got != want {
			t.Errorf("%s\n%s\n---- got\n%s\n---- want\n%s", options, sql, got, want)
		}
		out = append(out, comment+options+"\n"+sql+"\n----\n"+got)
	}
	if rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(out, "\n\n")+"\n"), 0o644); err != nil { //nolint:gosec // a fixture
			t.Fatal(err)
		}
	}
}
