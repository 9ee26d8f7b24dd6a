package sqlparse

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestMemo(t *testing.T) {
	r := newTestReader(t, 1<<20)
	st := r.Read([]byte("select 1"))
	if st.Memo() != nil {
		t.Error("a memo that nobody left")
	}
	st.SetMemo("a")
	if r.Read([]byte("select 2")).Memo() != "a" {
		t.Error("the memo is not with the shape")
	}
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() { // anything goes, also of different types
			st.SetMemo(n)
			st.SetMemo(t)
			st.Memo()
		})
	}
	all.Wait()
	if n := testing.AllocsPerRun(100, func() { st.Memo() }); n > 0 && slow == 1 {
		t.Errorf("%v allocations to look", n)
	}
}

// TestBareFacts: what is recognised without the parser has the facts that the
// parser finds.
func TestBareFacts(t *testing.T) {
	u := understander{limit: maxParse}
	for _, sql := range []string{"begin", "BEGIN;", "start transaction", "commit", "end;", "rollback", "abort", "", ";"} {
		short, parsed := bare([]byte(sql)), u.understand([]byte(sql)).st
		if short == nil || short.Facts().String() != parsed.Facts().String() {
			t.Errorf("%q: %v, parsed %v", sql, short.Facts(), parsed.Facts())
		}
	}
}

func TestNoFacts(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for _, st := range []*Statement{
		Opaque(), Scan([]byte("select 1")), r.Read([]byte("select (")),
		r.Read([]byte("select '" + strings.Repeat("x", maxParse) + "'")),
	} {
		if st.Facts() != nil {
			t.Errorf("%s: %s", st, st.Facts())
		}
	}
}

// TestFactsOfMany: facts hold each name once, and their size counts.
func TestFactsOfMany(t *testing.T) {
	r := newTestReader(t, 1<<20)
	few := r.Read([]byte("select f(1)" + strings.Repeat(", f(2), a.b, 1::t, 1 + 1", 500) + " from t" + strings.Repeat(", t", 500)))
	if got, want := few.Facts().String(), "relations: t\nfunctions: f/1\nfields: b\noperators: +\ntypes: t\n"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var b strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&b, ", f%d()", i)
	}
	many := r.Read([]byte("select 1" + b.String()))
	if n := len(many.Facts().Functions); n != 1500 || many.size() < few.size()+n*40 {
		t.Errorf("%d functions in %d bytes, without them %d", n, many.size(), few.size())
	}
}
