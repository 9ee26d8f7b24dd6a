package sqlparse

import (
	"strings"
	"testing"
)

// TestScannerNames: a name is cut as the server cuts it, or not reported.
func TestScannerNames(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"listen Abc", "listen name=\"abc\""},
		{"listen " + strings.Repeat("x", 70), "listen name=\"" + strings.Repeat("x", 63) + "\""},
		{"listen " + strings.Repeat("é", 40), "listen name=\"" + strings.Repeat("é", 31) + "\""},
		{"listen \"" + strings.Repeat("日", 40) + "\"", "listen name=\"" + strings.Repeat("日", 21) + "\""},
		{"listen caf\xe9", "unknown name=\"listen\""},
		{"listen " + strings.Repeat("x", 60) + "\xe9", "unknown name=\"listen\""},
		{"listen a b", "unknown name=\"listen\""},
		{"listen 'a'", "unknown name=\"listen\""},
	} {
		st := Scan([]byte(c.sql))
		if len(st.Parts) != 1 || len(st.Parts[0].Effects) != 1 || st.Parts[0].Effects[0].String() != c.want {
			t.Errorf("%s: %v, want %s", c.sql, st, c.want)
		}
	}
}
