package router

import (
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
)

// statements are those of a corpus file; none may stand there twice.
func statements(t *testing.T, file string, atLeast int) []string {
	t.Helper()
	all, err := plantest.Statements(file)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, sql := range all {
		if seen[sql] {
			t.Errorf("twice in %s: %s", file, sql)
		}
		seen[sql] = true
	}
	if len(seen) < atLeast {
		t.Errorf("%s has %d statements, want %d", file, len(seen), atLeast)
	}
	return all
}

// TestDisguises: no write in disguise is taken for a read, with a snapshot or
// without.
func TestDisguises(t *testing.T) {
	r, reader := newTestRouter(t)
	ignorant := New(reader.Read)
	for _, sql := range statements(t, "disguises.sql", 300) {
		st := reader.Read([]byte(sql))
		if !st.Parsed() {
			t.Errorf("not understood: %s", sql)
		}
		if v := r.Verdict(st); v.ReadOnly {
			t.Errorf("%s\n%s", sql, v.Why)
		}
		if v := ignorant.Verdict(st); v.ReadOnly {
			t.Errorf("without a snapshot: %s\n%s", sql, v.Why)
		}
	}
}

// unproven are the plain reads that are not proven, each with why that is
// right or not worth the trouble.
var unproven = map[string]string{
	// Its own source holds its name, which is also that of a volatile function.
	"select overloaded(1) from users where false and id = 0": "function overloaded is volatile",
}

// TestReads: of 100 plain reads at least 95 are proven.
func TestReads(t *testing.T) {
	r, reader := newTestRouter(t)
	all, missed := statements(t, "reads.sql", 200), 0
	for _, sql := range all {
		v := r.Verdict(reader.Read([]byte(sql)))
		if !v.ReadOnly {
			missed++
		}
		if want := unproven[sql]; v.ReadOnly == (want != "") || !v.ReadOnly && !strings.Contains(v.Why, want) {
			t.Errorf("%s\n%s; expected %q", sql, v.Why, want)
		}
	}
	t.Logf("%d of %d plain reads are proven", len(all)-missed, len(all))
	if missed*20 > len(all) {
		t.Errorf("%d of %d plain reads are not proven", missed, len(all))
	}
}
