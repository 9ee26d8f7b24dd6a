package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// TestDocsLoad loads each yaml block of README.md and of every page of docs. One
// marked "yaml fails" must fail with the problems of the text block after it.
// Together they have each kind of listener and of pool, and each place where
// servers are found.
func TestDocsLoad(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 9 {
		t.Fatalf("pages: %q, %v", pages, err)
	}
	good, bad, kinds := 0, 0, map[string]bool{}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := block.FindAllSubmatch(text, -1)
		for i, m := range blocks {
			switch string(m[1]) {
			case "yaml":
				good++
				loadExample(t, filepath.Base(page), string(m[2]), kinds)
			case "yaml fails":
				bad++
				c, problems := load(docsOutside, "wye.yaml", m[2], 0o600)
				if i+1 == len(blocks) || c != nil || string(printed(nil, problems)) != string(blocks[i+1][2]) {
					t.Errorf("%s: the text block after this does not say:\n%s", page, printed(nil, problems))
				}
			}
		}
	}
	if good < 12 || bad < 2 {
		t.Errorf("%d good and %d bad examples", good, bad)
	}
	for _, kind := range []string{
		"listener postgres", "listener postgres tls", "listener tcp", "listener tcp tls", "listener tcp names", "listener tcp accept_proxy",
		"listener http", "listener http tls", "listener http routes", "listener http cache",
		"pool tcp", "pool tcp tls", "pool tcp send_proxy", "pool tcp check", "pool http", "pool http http2", "pool http check",
		"discover file", "discover dns", "discover srv", "discover etcd", "discover consul",
	} {
		if !kinds[kind] {
			t.Errorf("no page has an example of: %s", kind)
		}
	}
}

var docsOutside = outside{
	getenv: func(name string) (string, bool) {
		return hunter, slices.Contains([]string{"APP_PASSWORD", "OPS", "COOKIE_KEY", "WATCHER", "WYE_SERVER_PASSWORD"}, name) || strings.HasSuffix(name, "_SCRAM")
	},
	read: func(string, int) ([]byte, fs.FileMode, error) { return []byte(hunter), 0o600, nil },
}

// loadExample loads one, without a warning. A cluster alone, as pages about
// clusters show it, is loaded with a user, and may leave TLS out.
func loadExample(t *testing.T, page, src string, kinds map[string]bool) {
	t.Helper()
	alone := strings.HasPrefix(src, "clusters:\n")
	if alone {
		src += "users: [{name: app, password: x}, {name: report, password: x}]\n"
	}
	c, problems := load(docsOutside, "wye.yaml", []byte(src), 0o600)
	problems = slices.DeleteFunc(problems, func(p Problem) bool {
		return alone && strings.Contains(p.String(), "backend.tls: servers are not verified")
	})
	if c == nil || len(problems) > 0 {
		t.Errorf("%s: does not load without a warning: %v\n%s", page, problems, src)
		return
	}
	noteListeners(c, kinds)
	notePools(c, kinds)
}

func noteListeners(c *Config, kinds map[string]bool) {
	for _, l := range c.Listeners {
		kind := "listener " + string(l.Kind)
		kinds[kind] = true
		kinds[kind+" tls"] = kinds[kind+" tls"] || l.TLS.Use != ""
		kinds[kind+" names"] = kinds[kind+" names"] || len(l.Names) > 0
		kinds[kind+" accept_proxy"] = kinds[kind+" accept_proxy"] || len(l.AcceptProxy) > 0
		for _, r := range l.Routes {
			kinds[kind+" routes"] = true
			kinds[kind+" cache"] = kinds[kind+" cache"] || r.Cache != nil
		}
	}
}

func notePools(c *Config, kinds map[string]bool) {
	for _, p := range c.Pools {
		kind := "pool " + string(p.Kind)
		kinds[kind] = true
		kinds[kind+" tls"] = kinds[kind+" tls"] || p.TLS != nil
		kinds[kind+" send_proxy"] = kinds[kind+" send_proxy"] || p.Proxy != ProxyOff
		kinds[kind+" check"] = kinds[kind+" check"] || p.Health.Send != "" || p.Health.HTTP != nil
		kinds[kind+" http2"] = kinds[kind+" http2"] || p.HTTP != nil && p.HTTP.HTTP2
		switch d := p.Discover; {
		case d == nil:
		case d.File != "":
			kinds["discover file"] = true
		case strings.HasPrefix(d.DNS, "_"):
			kinds["discover srv"] = true
		case d.DNS != "":
			kinds["discover dns"] = true
		case d.Etcd != nil:
			kinds["discover etcd"] = true
		case d.Consul != nil:
			kinds["discover consul"] = true
		}
	}
}
