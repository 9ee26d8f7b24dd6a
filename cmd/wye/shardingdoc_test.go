package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/proxy/config"
)

// planFolder has the golden plans of sharded clusters, which router/shardplan
// holds itself to.
const planFolder = "../../testdata/plan"

// TestShardingDoc: what docs/sharding.md shows is so. Its configuration loads,
// and its statements and refusals are those of the golden plans.
func TestShardingDoc(t *testing.T) {
	page, err := os.ReadFile("../../docs/sharding.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```(yaml|plan|refusals)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks[m[1]] += m[2]
	}
	text := regexp.MustCompile(`"\$\{file:[^}]*\}"`).ReplaceAllString(blocks["yaml"], "x")
	if c, problems := config.Parse("sharding.md", []byte(strings.Replace(text, "{ca: /etc/wye/pg-ca.crt}", "{mode: prefer}", 1))); c == nil {
		t.Errorf("the configuration does not load: %v", problems)
	}
	plans := planTexts(t, "shards")
	lines := strings.Split(strings.TrimSuffix(blocks["plan"], "\n"), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		if want := "\n" + lines[i] + "\n----\n" + strings.TrimPrefix(lines[i+1], "    "); !strings.Contains(plans, want) {
			t.Errorf("no golden plan says:%s", want)
		}
	}
	list := wantRefused(t, blocks["refusals"])
	if len(lines) < 14 || len(list) < 15 {
		t.Errorf("%d lines of plans and %d refusals are shown", len(lines), len(list))
	}
}

// TestReadmeRefusals: the README's limits of shards are refusals of the golden
// plans, and among those that docs/sharding.md has.
func TestReadmeRefusals(t *testing.T) {
	var texts []string
	for _, file := range []string{"../../README.md", "../../docs/sharding.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile("(?s)```refusals\n(.*?)```").FindSubmatch(page)
		if m == nil {
			t.Fatalf("%s shows no refusals", file)
		}
		texts = append(texts, string(m[1]))
	}
	list := wantRefused(t, texts[0])
	for _, message := range list {
		if !strings.Contains("\n"+texts[1], "\n"+message+"\n") {
			t.Errorf("docs/sharding.md does not say %q", message)
		}
	}
	if len(list) < 5 {
		t.Errorf("%d refusals are shown", len(list))
	}
}

// wantRefused splits a block of refusals, which golden plans must have.
func wantRefused(t *testing.T, block string) []string {
	t.Helper()
	refusals := planTexts(t, "unsupported")
	list := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
	for _, message := range list {
		if !regexp.MustCompile(`(?m)^reject   [0-9A-Z]{5} ` + regexp.QuoteMeta(message) + `$`).MatchString(refusals) {
			t.Errorf("no golden plan refuses with %q", message)
		}
	}
	return list
}

func planTexts(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(planFolder, folder, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
