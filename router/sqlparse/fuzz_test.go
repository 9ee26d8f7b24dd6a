package sqlparse

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// FuzzRead checks, for whatever text:
//   - nothing panics or stalls;
//   - what the cache says of a text is what reading it afresh says, though a
//     text with other literals may have filled the cache, facts included;
//   - the scanner never finds a text harmless that has effects by the grammar.
func FuzzRead(f *testing.F) {
	r := newTestReader(f, 1<<20)
	fresh := understander{limit: maxParse}
	for _, s := range append(lexerSeeds, goldenSQL(f)...) {
		f.Add([]byte(s), uint64(len(s)))
	}
	f.Fuzz(func(t *testing.T, sql []byte, seed uint64) {
		start := time.Now()
		r.Read(otherLiterals(sql, seed))
		checkRead(t, r, &fresh, sql)
		PrepareText(sql)
		ExecuteText(sql)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%d bytes took %v", len(sql), took)
		}
	})
}

func checkRead(t *testing.T, r *Reader, fresh *understander, sql []byte) {
	t.Helper()
	got := r.Read(sql)
	if faults := r.Stats().Faults; faults > 0 {
		t.Fatalf("%q: reading panicked", sql)
	}
	want := fresh.understand(sql).st
	if want.parsed && got.String() != want.String() {
		t.Errorf("%q\nfrom the cache %s\nafresh %s", sql, got, want)
	}
	if want.parsed && got.Facts().String() != want.Facts().String() {
		t.Errorf("%q\nfrom the cache %s\nafresh %s", sql, got.Facts(), want.Facts())
	}
	if want.parsed && !want.Plain() && Scan(sql).Plain() {
		t.Errorf("%q\nthe scanner sees nothing of %s", sql, want)
	}
}

// otherLiterals changes digits to digits and letters in quotes to letters, so
// that most texts keep their shape but for literals.
func otherLiterals(sql []byte, seed uint64) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	out := []byte(strings.Clone(string(sql)))
	quoted := false
	for i, c := range out {
		switch {
		case c == '\'':
			quoted = !quoted
		case isDigit(c) && rnd.IntN(2) == 0:
			out[i] = '0' + byte(rnd.IntN(10))
		case quoted && classes[c] == letter && c < 0x80 && rnd.IntN(2) == 0:
			out[i] = 'a' + byte(rnd.IntN(26))
		}
	}
	return out
}

// TestSkeletonsAreSound reads pairs of texts that share a skeleton and must
// not share an answer, or may.
func TestSkeletonsAreSound(t *testing.T) {
	r := newTestReader(t, 1<<20)
	fresh := understander{limit: maxParse}
	for _, pair := range [][2]string{
		{"select set_config('a', 'b', false)", "select set_config('a', 'c', false)"},
		{"select set_config('a', 'b', false)", "select set_config('role', 'b', false)"},
		{"set x = 1", "set x = 2"},
		{"set x = 'a'", "set x = E'\\n'"},
		{"do 'begin end'", "do 'begin set x = 1; end'"},
		{"select 1; set x = 1", "select 2; set x = 2"},
		{"select U&'x' uescape '!'", "select U&'x' uescape '1'"},
		{"select E'\\xZZ'", "select E'a'"},
		{"select E'\\uD800'", "select E'b'"},
		{`select U&"a!0062" uescape '!'`, `select U&"a!0062" uescape '?'`},
		{"explain (analyze 1) select set_config('a', 'b', false)", "explain (analyze 0) select set_config('a', 'b', false)"},
		{"explain (analyze 'on') select pg_advisory_lock(1)", "explain (analyze 'off') select pg_advisory_lock(1)"},
		{"select query_to_xml('select 1', true, true, '')", "select query_to_xml('select lastval()', true, true, '')"},
		{"create database a template 'x'", "create database a template 'y'"},
		{"fetch 1 from c", "fetch 99999999999 from c"},
		{"select 1 in (1)", "select 1 in (1, 2, 3)"},
		{"prepare p as select set_config('x', 'y', true)", "prepare p as select set_config('seed', 'y', true)"},
		{"declare c cursor for select set_config('x', 'y', true)", "declare c cursor for select set_config('search_path', 'pg_temp', true)"},
		{"select set_config('x', 'y', 't')", "select set_config('x', 'y', 'f')"},
		{"explain (analyze 'on') insert into t values (1)", "explain (analyze 'off') insert into t values (1)"},
		{"copy t to 'x'", "copy t to ''"},
		{"copy t to 'x'", "copy t to stdout"},
		{"set transaction_read_only = 1", "set transaction_read_only = 0"},
		{"set transaction_isolation = 'serializable'", "set transaction_isolation = 'read committed'"},
		{"begin read only", "begin read write"},
		{"values (f(1)), (f(2))", "values (f(1)), (f(2, 3))"},
		{"select a in (1, 2)", "select a not in (1, 2)"},
		{"/* wye: role=replica */ select 1", "/* wye: role=primary */ select 1"},
		{"select 1 /* wye: role=replica */", "select 1 /* wye: role=replica"},
	} {
		for _, sql := range []string{pair[0], pair[1], pair[0]} {
			checkRead(t, r, &fresh, []byte(sql))
		}
	}
}

// TestVariants reads every golden text after texts like it with other
// literals, and every two of them as one text.
func TestVariants(t *testing.T) {
	r := newTestReader(t, 1<<20)
	fresh := understander{limit: maxParse}
	all := goldenSQL(t)
	for i, sql := range all {
		for seed := range uint64(5) {
			checkRead(t, r, &fresh, otherLiterals([]byte(sql), seed))
		}
		checkRead(t, r, &fresh, []byte(sql))
		both := []byte(sql + ";\n" + all[(i*7+1)%len(all)])
		checkRead(t, r, &fresh, otherLiterals(both, 1))
		checkRead(t, r, &fresh, both)
	}
}
