package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReference holds docs/reference/settings.md to the struct tags.
// WYE_REWRITE=1 writes it.
func TestReference(t *testing.T) {
	compareFile(t, "../../docs/reference/settings.md", reference())
}

func reference() []byte {
	var b bytes.Buffer
	b.WriteString("# Settings\n\n<!-- Written by `WYE_REWRITE=1 go test ./proxy/config`; edit the struct tags in proxy/config instead. -->\n\n" +
		"Every setting of the configuration file. `NAME` stands for a name of your choice. [Configuration](../config.md)\n" +
		"says how the file works, and what durations, sizes and secrets look like.\n")
	section := ""
	for _, s := range Settings() {
		if top, _, _ := strings.Cut(s.Path, "."); top != section && (strings.Contains(s.Path, ".") || section == "") {
			section = top
			title := top
			if !strings.Contains(s.Path, ".") {
				title, section = "The file", "-"
			}
			fmt.Fprintf(&b, "\n## %s\n\n| setting | type | default | bounds | reload | what it does |\n|---|---|---|---|---|---|\n", title)
		}
		reload := "yes"
		if !s.Reloadable {
			reload = "restart"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", s.Path, cell(s.Type), cell(orRequired(s)), bounds(s), reload, cell(s.Doc))
	}
	return b.Bytes()
}

func orRequired(s Setting) string {
	if s.Required {
		return "**required**"
	}
	return s.Default
}

func bounds(s Setting) string {
	switch {
	case s.Min == "" && s.Max == "":
		return ""
	case s.Max == "":
		return "from " + s.Min
	case s.Min == "":
		return "up to " + s.Max
	case s.Min == s.Max:
		return s.Min
	}
	return s.Min + " to " + s.Max
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

var block = regexp.MustCompile("(?s)```(yaml[^\n]*|text)\n(.*?)```")

// TestDocsLoad loads each yaml block of docs/config.md, balancing.md and
// http.md.
// One marked "yaml fails" must fail with the problems of the text block after it.
func TestDocsLoad(t *testing.T) {
	var page []byte
	for _, file := range []string{"config.md", "balancing.md", "http.md"} {
		text, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		page = append(page, text...)
	}
	o := outside{
		getenv: func(name string) (string, bool) {
			return hunter, name == "APP_PASSWORD" || name == "OPS" || name == "COOKIE_KEY" || strings.HasSuffix(name, "_SCRAM")
		},
		read: func(string, int) ([]byte, fs.FileMode, error) { return []byte(hunter), 0o600, nil },
	}
	blocks, good, bad := block.FindAllSubmatch(page, -1), 0, 0
	for i, m := range blocks {
		kind, src := string(m[1]), m[2]
		switch kind {
		case "yaml":
			good++
			if c, problems := load(o, "wye.yaml", src, 0o600); c == nil || len(problems) > 0 {
				t.Errorf("does not load without a warning: %v\n%s", problems, src)
			}
		case "yaml fails":
			bad++
			c, problems := load(o, "wye.yaml", src, 0o600)
			if i+1 == len(blocks) || c != nil || string(printed(nil, problems)) != string(blocks[i+1][2]) {
				t.Errorf("the text block after this does not say:\n%s", printed(nil, problems))
			}
		}
	}
	if good < 5 || bad < 1 {
		t.Errorf("%d good and %d bad examples", good, bad)
	}
}
