package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/catalog"
)

// exampleSnapshot is the catalog of testdata/plan/schema.sql.
func exampleSnapshot(t *testing.T) *catalog.Snapshot {
	t.Helper()
	text, err := plantest.Read("schema.catalog")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.Build(plantest.Parse(text))
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// TestExplainDoc: what docs/routing.md shows is so: its configuration loads
// and its statements are routed as it says.
func TestExplainDoc(t *testing.T) {
	page, err := os.ReadFile("../../docs/routing.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```(yaml|route)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks[m[1]] = m[2]
	}
	t.Setenv("WATCHER", "x")
	if c, problems := config.Parse("routing.md", []byte(blocks["yaml"]+"users: [{name: app, password: x}]\n")); c == nil {
		t.Errorf("the configuration does not load: %v", problems)
	}
	snapshot, shown := exampleSnapshot(t), 0
	lines := strings.Split(strings.TrimSuffix(blocks["route"], "\n"), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		shown++
		if got, want := explain(snapshot, lines[i], router.Facts{}), strings.TrimPrefix(lines[i+1], "    "); got != want {
			t.Errorf("%s\n got %s\nwant %s", lines[i], got, want)
		}
	}
	if shown < 8 {
		t.Errorf("%d statements are shown", shown)
	}
}
