package auth

import (
	"bufio"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files from a real PostgreSQL")

const preparedFile = "testdata/saslprep.txt"

// prepared is one line of the golden file: a password and the verifier that a
// real PostgreSQL stored for it.
type prepared struct{ password, verifier, note string }

// readPrepared reads lines of `"password" verifier # note`.
func readPrepared(t *testing.T) (list []prepared) {
	t.Helper()
	f, err := os.Open(preparedFile)
	check(t, err)
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		check(t, err)
		password, err := strconv.Unquote(quoted)
		check(t, err)
		verifier, note, _ := strings.Cut(line[len(quoted):], "#")
		list = append(list, prepared{password, strings.TrimSpace(verifier), strings.TrimSpace(note)})
	}
	if len(list) < 60 {
		t.Fatalf("%s has only %d passwords", preparedFile, len(list))
	}
	return list
}

// Our verifier with PostgreSQL's salt must be PostgreSQL's verifier.
func TestSASLPrepAsPostgreSQL(t *testing.T) {
	for _, p := range readPrepared(t) {
		have, err := parseVerifier(p.verifier)
		check(t, err)
		v, err := NewVerifier(p.password, have.Iterations, have.Salt)
		check(t, err)
		if v.String() != p.verifier {
			t.Errorf("%+q (%s): PostgreSQL hashed other bytes than %+q", p.password, p.note, saslPrep(p.password))
		}
	}
}

// The examples of RFC 4013, section 3, as PostgreSQL treats them.
func TestSASLPrep(t *testing.T) {
	for in, want := range map[string]string{
		"I\u00ADX": "IX",
		"user":     "user",
		"USER":     "USER",
		"\u00AA":   "a",
		"\u2168":   "IX",
		"\u0007":   "\u0007", // prohibited by the RFC; PostgreSQL leaves ASCII alone
		"\u06271":  "\u06271",
		"":         "",
	} {
		if got := saslPrep(in); got != want {
			t.Errorf("%+q becomes %+q, want %+q", in, got, want)
		}
	}
}

func TestRangesAreSorted(t *testing.T) {
	tables := saslTables()
	for name, s := range map[string]rangeSet{"spaces": tables.spaces, "nothing": tables.nothing, "prohibited": tables.prohibited,
		"unassigned": tables.unassigned, "right to left": tables.randALCat, "left to right": tables.lCat} {
		for i := 1; i < len(s); i++ {
			if s[i] <= s[i-1] {
				t.Errorf("%s: %U follows %U", name, s[i], s[i-1])
			}
		}
		if s.has(s[0]-1) || !s.has(s[0]) || !s.has(s[len(s)-1]-1) || s.has(s[len(s)-1]) {
			t.Errorf("%s: wrong at the edges", name)
		}
	}
}
