package sqlparse

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// chains nest as deep as text can: a start, what is repeated before the
// middle, the middle, what is repeated behind it, and an end.
var chains = [][5]string{
	{"select 1", "+1", "", "", ""},
	{"select ", "- ", "1", "", ""},
	{"select ", "- ", "a", "", ""},
	{"select ", "@ ", "1", "", ""},
	{"select ", "not ", "true", "", ""},
	{"select ", "(", "1", ")", ""},
	{"", "(", "select 1", ")", ""},
	{"", "(select ", "1", ")", ""},
	{"select array", "[", "1", "]", ""},
	{"select a", "[1]", "", "", ""},
	{"select a", "[a", "", "]", ""},
	{"select a", ".a", "", "", ""},
	{"select ", "(", "a", ").a", ""},
	{"select ", "case when ", "1", " then 1 end", ""},
	{"select 1", "::a", "", "", ""},
	{"select from a", ",a", "", "", ""},
	{"select from a", " cross join a", "", "", ""},
	{"select from a", " join a", "", " on 1", ""},
	{"select", " union select", "", "", ""},
	{"", "(", "select ", ")union select", ""},
	{"values(1)", ",(1)", "", "", ""},
	{"select ", "a(", "1", ")", ""},
	{"select 1", " and 1", "", "", ""},
	{"select 1", " isnull", "", "", ""},
	{"select 1", " collate a", "", "", ""},
	{"", "with a as(", "select 1", ")select 1", ""},
	{"create table a(a int", ",a int", "", "", ")"},
	{"", "abort;", "", "", ""},
	{"", "set a=1;", "", "", ""},
	{"", "do '';", "", "", ""},
	{"select ", "$a$", "", "", ""},
	{"select ", "$a", "", "", ""},
	{"select ", "/*", "", "*/", "1"},
	{"select 1 ", "/*", "", "", ""},
	{"select ", "+-", "1", "", ""},
	{"select ", "-/", "1", "", ""},
	{"select ", "--", "1", "", ""},
	{"select 1", "<>", "1", "", ""},
	{"select ", "e'' ", "", "", ""},
	{"select ", "e''--\n", "", "", ""},
	{"select ", "''", "", "", ""},
	{"select ", "\"", "", "", ""},
	{"select ", "set_config(", "", ")", ""},
	{"select ", "pg_advisory_lock(1),", "1", "", ""},
	{"values", "(1,", "", "),", ""},
	{"select 1 in(", "1,", "1", "", ")"},
}

func grow(c [5]string, size int) string {
	n := (size - len(c[0]) - len(c[2]) - len(c[4])) / (len(c[1]) + len(c[3]))
	return c[0] + strings.Repeat(c[1], n) + c[2] + strings.Repeat(c[3], n) + c[4]
}

// TestHostile: no text, however deep, ends the process, and none takes long.
// The sizes are those at which pg_query is still asked, and beyond.
func TestHostile(t *testing.T) {
	u := understander{limit: parseLimit()}
	for _, size := range []int{u.limit, u.limit + 1, 60_000, biggest} {
		for _, c := range chains {
			sql := []byte(grow(c, size))
			if st := u.understand(sql).st; len(sql) > u.limit && st.Parsed() {
				t.Errorf("%.30s...: %d bytes went to pg_query", sql, len(sql))
			}
			if took := quickest(&u, sql); took > slow*200*time.Millisecond {
				t.Errorf("%.30s...: %d bytes took %v", sql, len(sql), took)
			}
		}
	}
}

// quickest is the processor time of the best of a few tries, since the machine
// has others to serve.
func quickest(u *understander, sql []byte) time.Duration {
	best := time.Hour
	for range 5 {
		start := processorTime()
		u.understand(sql)
		if best = min(best, processorTime()-start); best < slow*40*time.Millisecond {
			break
		}
	}
	return best
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func TestLimitFollowsTheStack(t *testing.T) {
	for _, c := range []struct {
		stack uint64
		want  int
	}{{8 << 20, maxParse}, {1 << 40, maxParse}, {2 << 20, 7489}, {128 << 10, 468}, {0, 0}} {
		if got := limitFor(c.stack); got != c.want {
			t.Errorf("%d bytes of stack: %d, want %d", c.stack, got, c.want)
		}
	}
}

// TestNotForTheGrammar: what pg_query must not see, it does not see.
func TestNotForTheGrammar(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for _, sql := range []string{"select 1\x00; select 2", "select '\xff'", "select \xc3\x28", "select 1 \xed\xa0\x80"} {
		if st := r.Read([]byte(sql)); st.Parsed() {
			t.Errorf("%q was parsed", sql)
		}
	}
}

// TestManyStatements: what is kept of a text is bounded.
func TestManyStatements(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for _, sql := range []string{strings.Repeat("abort;", 2000), strings.Repeat("a;", 100_000)} {
		st := r.Read([]byte(sql))
		last := st.Parts[len(st.Parts)-1]
		if len(st.Parts) != maxParts || last.Kind != KindMulti || len(last.Effects) == 0 || st.Plain() {
			t.Errorf("%.10s...: %d parts, the last %v", sql, len(st.Parts), last)
		}
	}
	st := r.Read([]byte("select " + strings.Repeat("set_config('a',b,true),setseed(1),", 200) + "1"))
	if n := len(st.Parts[0].Effects); n != maxEffects || st.Parts[0].Effects[n-1].Kind != Unknown {
		t.Errorf("%d effects, the last %v", n, st.Parts[0].Effects[n-1])
	}
}
