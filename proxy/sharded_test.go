package proxy

import (
	"strings"
	"testing"

	"github.com/wyeproxy/wye/proxy/config"
)

// TestReloadKeepsRows: a reload may map what has no rows yet, and nothing else.
func TestReloadKeepsRows(t *testing.T) {
	const before = `
    shards: [{name: s0, nodes: ["a:1"]}, {name: s1, nodes: ["b:1"]}]
    maps:
      by_user: {type: int8}
      by_time: {kind: range, type: date, ranges: [{to: "2026-01-01", shard: s0}, {from: "2026-01-01", to: "2027-01-01", shard: s1}]}
    tables: {users: {map: by_user, key: id}, events: {map: by_time, key: at}, settings: {shard: s0}}
`
	old := routeOfText(t, before)
	for _, c := range []struct{ from, to, want string }{
		{"", "", ""},
		{"settings: {shard: s0}", "settings: {shard: s0}, orders: {map: by_user, key: user_id}", ""},
		{`to: "2027-01-01", shard: s1}`, `to: "2027-01-01", shard: s1}, {from: "2027-01-01", to: "2028-01-01", shard: s0}`, ""},
		{"settings: {shard: s0}", "settings: {shard: s1}", "tables.public.settings"},
		{`from: "2026-01-01", to: "2027-01-01", shard: s1`, `from: "2026-01-01", to: "2027-01-01", shard: s0`, "maps.by_time"},
		{"by_user: {type: int8}", "by_user: {type: int8, slots: 4096, placement: [{slots: 0-99, shard: s0}, {slots: 100-4095, shard: s1}]}", "maps.by_user"},
		{"users: {map: by_user, key: id}", "users: {map: by_user, key: uid}", "tables.public.users"},
		{"{name: s1,", "{name: s2,", "shards"},
	} {
		text := strings.Replace(before, c.from, c.to, 1)
		if strings.Contains(c.to, "s2") {
			text = strings.ReplaceAll(text, "shard: s1", "shard: s2")
		}
		err := keepsRows(old, routeOfText(t, text))
		if got := ""; err != nil && c.want == "" || err == nil && c.want != "" {
			t.Errorf("%s -> %s: %v, want %q", c.from, c.to, err, c.want)
		} else if err != nil {
			if got, _, _ = strings.Cut(err.Error(), ":"); got != c.want {
				t.Errorf("%s -> %s: %q, want %q", c.from, c.to, got, c.want)
			}
		}
	}
	if keepsRows(&route{}, &route{}) != nil || keepsRows(old, &route{}) == nil || keepsRows(&route{}, old) == nil {
		t.Error("a cluster with shards is taken for one without")
	}
}

func routeOfText(t *testing.T, cluster string) *route {
	t.Helper()
	c, problems := config.Parse("t.yaml", []byte("users: [{name: a, password: b}]\nlisteners: [{name: l, bind: \"127.0.0.1:0\"}]\nclusters:\n  c:\n    backend: {tls: {mode: disable}}"+cluster))
	if c == nil {
		t.Fatal(problems)
	}
	r, err := newRoute(c.Clusters[0])
	if err != nil {
		t.Fatal(err)
	}
	return r
}
