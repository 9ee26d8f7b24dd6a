package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// TestPolicyNames writes each policy under each of its names, and has it shown
// under its own.
func TestPolicyNames(t *testing.T) {
	var replicas Balance
	for _, own := range upstream.Policies() {
		for _, name := range append(upstream.Aliases(own), own) {
			c := withPolicies(t, name, "first")
			if got := string(c.Pools[0].Balance); got != own {
				t.Errorf("pools: %s is %s, want %s", name, got, own)
			}
			if got := shownValue(c, "pools.web.balance"); got != own {
				t.Errorf("SHOW CONFIG has %s for %s, want %s", got, name, own)
			}
			if slices.Contains(replicas.allowed(), own) {
				if got := string(withPolicies(t, "first", name).Clusters[0].Split.Balance); got != own {
					t.Errorf("split: %s is %s, want %s", name, got, own)
				}
			}
		}
	}
	for _, name := range replicas.allowed() {
		if !slices.Contains(upstream.Policies(), name) {
			t.Errorf("split.balance has %s, which is no policy", name)
		}
	}
}

func withPolicies(t *testing.T, pool, split string) *Config {
	t.Helper()
	src := fmt.Sprintf(`{users: [{name: app, password: secret1}], listeners: [{name: l, bind: ":1"}, {name: w, kind: tcp, bind: ":2", pool: web}],
pools: {web: {servers: ["a:1"], balance: %q}}, clusters: {shop: {nodes: ["db:1"], backend: {tls: {mode: prefer}}, split: {balance: %q}}}}`, pool, split)
	c, problems := load(realOutside, "wye.yaml", []byte(src), 0o600)
	if c == nil || len(problems) > 0 {
		t.Fatalf("pools %s, split %s: %v", pool, split, problems)
	}
	return c
}

func shownValue(c *Config, path string) string {
	for _, v := range Values(c) {
		if v.Path == path {
			return v.Value
		}
	}
	return ""
}

// TestPolicyAliasesDoc holds the table of docs/policies.md to what is taken.
func TestPolicyAliasesDoc(t *testing.T) {
	text, err := os.ReadFile("../../docs/policies.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) == 6 && strings.HasPrefix(cells[1], " `") {
			names := strings.FieldsFunc(cells[2], func(r rune) bool { return strings.ContainsRune("`, ", r) })
			slices.Sort(names)
			rows[strings.Trim(cells[1], "` ")] = names
		}
	}
	for _, own := range upstream.Policies() {
		if got, want := rows[own], upstream.Aliases(own); !slices.Equal(got, want) {
			t.Errorf("docs/policies.md has %q for %s, taken are %q", got, own, want)
		}
		delete(rows, own)
	}
	for name := range rows {
		t.Errorf("docs/policies.md has %s, which is no policy", name)
	}
}
