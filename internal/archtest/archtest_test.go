package archtest

import (
	"slices"
	"strings"
	"testing"
)

func TestTheHouseStands(t *testing.T) {
	bad, err := Check(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bad {
		t.Error(b)
	}
}

// TestListSeesOurselves keeps the test above from passing because go list
// answered nothing.
func TestListSeesOurselves(t *testing.T) {
	_, pkgs, err := List(".")
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(pkgs, func(p Package) bool { return p.Room == "internal/archtest" })
	if at < 0 {
		t.Fatalf("internal/archtest is not among %d packages", len(pkgs))
	}
	if !slices.Contains(pkgs[at].Imports, "go/ast") || !slices.Contains(pkgs[at].TestImports, "testing") {
		t.Errorf("imports are not listed: %+v", pkgs[at])
	}
	at = slices.IndexFunc(pkgs, func(p Package) bool { return p.Room == "router/sqlparse" })
	if at < 0 {
		t.Error("router/sqlparse is not listed")
	}
}

func TestImports(t *testing.T) {
	const pgQuery, pgx = "github.com/pganalyze/pg_query_go/v5", "github.com/jackc/pgx/v5"
	for _, c := range []struct {
		room, imp string
		test      bool
		want      string // a part of the message; "" is allowed
	}{
		{"router", "./router/plan", false, ""},
		{"router", "./proxy/stats", false, "router imports proxy/stats"},
		{"router", "net/http", false, ""}, // purity is another check
		{"protocol", "./proxy", false, "protocol imports proxy"},
		{"cache", "./protocol/pgerror", false, "cache imports protocol/pgerror"},
		{"proxy", "./proxy/session", false, ""},
		{"proxy", "./internal/testpg", false, "proxy imports internal/testpg"},
		{"proxy", "./internal/testpg", true, ""},
		{"proxy/session", "./proxy/config", false, "never reads the config"},
		{"proxy/session", "./proxy", true, "proxy/session (tests) imports proxy"},
		{"proxy/session", "./proxy/session", true, ""}, // an external test package
		{"internal/bench", "./proxy/config", false, ""},
		{"internal/testpg", "./protocol", false, "leans on nobody"},
		{"proxy/newroom", "fmt", false, "no row in the table of rooms"},
		{"router/sqlparse", pgQuery, false, ""},
		{"router", pgQuery, false, "only [router/sqlparse router/rewrite router/shardplan] may"},
		{"router", pgQuery, true, "only [router/sqlparse router/rewrite router/shardplan] may"},
		{"proxy/connpool", pgx + "/pgconn", false, ""},
		{"proxy/session", pgx + "/pgconn", false, "dialled where they are pooled"},
		{"proxy/session", pgx + "/pgproto3", true, ""},
		{"proxy/connpool", pgx, false, "a client library"},
		{"proxy/admin", pgx + "/pgproto3", false, ""},
		{"router", "github.com/other/driver", true, "no row in the table of modules"},
		{"cmd/wye", "github.com/lib/pq", true, ""},
		{"cmd/wye", "github.com/spf13/cobra", false, "no row in the table of modules"},
		{"shards", "github.com/jackc/pgx/v5x", false, "no row in the table of modules"},
	} {
		p := Package{Room: c.room}
		if c.test {
			p.TestImports = []string{c.imp}
		} else {
			p.Imports = []string{c.imp}
		}
		expect(t, c.room+" <- "+c.imp, checkImports(p), c.want)
	}
}

func TestPure(t *testing.T) {
	plain := pure{room: "router", why: "reason"}
	for _, c := range []struct {
		name string
		row  pure
		file string
		text string
		want string
	}{
		{"clean", plain, "a.go", `import "time"; func f(t time.Time) bool { return t.IsZero() }`, ""},
		{"now", plain, "a.go", `import "time"; var t = time.Now()`, "router/a.go:1: time.Now in a pure room: reason"},
		{"renamed", plain, "a.go", `import c "time"; func f() { c.Sleep(1) }`, "time.Sleep"},
		{"dot", plain, "a.go", `import . "time"; func f() { Sleep(1) }`, "a dot import of time"},
		{"own method called Now", plain, "a.go", `import "time"; func f(c interface{ Now() time.Time }) { c.Now() }`, ""},
		{"go", plain, "a.go", `func f() { go f() }`, "go in a pure room"},
		{"go allowed", pure{room: "router", allowed: []string{"go"}}, "a.go", `func f() { go f() }`, ""},
		{"socket", plain, "a.go", `import "net/netip"`, "net/netip"},
		{"file", plain, "a.go", `import "os"`, "os in"},
		{"log", plain, "a.go", `import "log/slog"`, "log/slog"},
		{"chance", plain, "a.go", `import "math/rand/v2"`, "math/rand/v2"},
		{"not os", plain, "a.go", `import "osx"`, ""},
		{"other file", pure{room: "proxy/upstream", files: "policy"}, "checker.go", `import "net"`, ""},
		{"policy file", pure{room: "proxy/upstream", files: "policy"}, "policy_least.go", `import "net"`, "net in"},
	} {
		expect(t, c.name, checkPure(c.row, source1(t, c.file, c.text)), c.want)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ room, text, want string }{
		{"proxy", "type ConnManager struct{}", "type ConnManager: the word Manager"},
		{"proxy", "type baseConn struct{}", "the word Base"},
		{"proxy", "func f() { type tlsInfo int }", "the word Info"},
		{"proxy", "type Database struct{}", ""},
		{"proxy", "type Contextual struct{}", ""},
		{"protocol", "type DataRow struct{}", ""},
		{"proxy/web", "type Handler struct{}", ""},
		{"proxy/session", "type Handler struct{}", "the word Handler"},
	} {
		expect(t, c.text, checkNames(c.room, source1(t, "a.go", c.text)), c.want)
	}
}

func TestDoc(t *testing.T) {
	expect(t, "missing", checkDoc("cache", []source{source1(t, "a.go", "")}), "cache has no doc.go")
	expect(t, "silent", checkDoc("cache", []source{source1(t, "doc.go", "")}), "no package comment")
	s, err := parse("doc.go", "// Package x is.\npackage x")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, "good", checkDoc("cache", []source{s}), "")
}

func TestFloors(t *testing.T) {
	expect(t, "pkg", checkFloor("pkg"), "top-level folder pkg")
	expect(t, "cmd", checkFloor("cmd"), "")
	bad, err := checkPackage(Package{Room: "proxy/util", Dir: t.TempDir(), Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(bad, "\n"), "the name util says nothing") {
		t.Errorf("proxy/util was accepted: %v", bad)
	}
}

// TestRowsHaveReasons keeps the tables honest.
func TestRowsHaveReasons(t *testing.T) {
	seen := map[string]bool{}
	row := func(kind, name, why string) {
		if why == "" || seen[kind+name] {
			t.Errorf("%s %s: no reason, or a second row", kind, name)
		}
		seen[kind+name] = true
	}
	for _, r := range rooms {
		row("room", r.name, r.why)
	}
	for _, m := range modules {
		row("module", m.path, m.why)
	}
	for _, p := range pures {
		row("pure", p.room, p.why)
	}
	for name, why := range namesOfOthers {
		row("name", name, why)
	}
}

func source1(t *testing.T, name, text string) source {
	t.Helper()
	s, err := parse(name, "package x; "+text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expect wants no finding for "", else exactly one that contains want.
func expect(t *testing.T, name string, bad []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(bad) == 0:
	case want == "" || len(bad) != 1 || !strings.Contains(bad[0], want):
		t.Errorf("%s: got %q, want %q", name, bad, want)
	}
}
