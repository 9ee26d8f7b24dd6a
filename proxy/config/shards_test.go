package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

func sharded(t *testing.T) *Config {
	t.Helper()
	src, err := os.ReadFile(goldens + "/shards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, problems := load(goldenOutside(), "shards.yaml", src, 0o600)
	if c == nil {
		t.Fatal(problems)
	}
	return c
}

// TestShardSpec follows keys through a file's map: what is written must be what
// is meant.
func TestShardSpec(t *testing.T) {
	shop := sharded(t).Cluster("shop")
	m, problems := shards.New(shop.ShardSpec())
	if problems != nil {
		t.Fatal(problems)
	}
	for _, c := range []struct{ table, key, want string }{
		{"events", "2019-12-31", "s0"}, {"events", "2020-01-01", "s1"},
		{"visits", "2024-01-31 23:59:59Z", "s0"}, {"visits", "2024-02-01 00:00:00Z", "s1"},
		{"ids", "999999.5", "s0"}, {"ids", "1500000", "s0"}, {"ids", "2000000", "s1"}, {"ids", "-1", "s0"},
		{"customers", "no", "s0"}, {"customers", "", "s0"}, {"customers", "us", "s1"}, {"customers", "at", "s1"},
	} {
		table := m.Table("", c.table)
		v, err := shardfunc.FromText(table.Types[0], c.key)
		if err != nil {
			t.Fatal(err)
		}
		if shard, err := m.Locate(table, []shardfunc.Value{v}); err != nil || m.Shards()[shard] != c.want {
			t.Errorf("%s %s: %d, %v", c.table, c.key, shard, err)
		}
	}
	if p := m.Table("audit", "pairs"); p == nil || !slices.Equal(p.Keys, []string{"a", "b"}) || p.Group != "pairs" {
		t.Errorf("%+v", p)
	}
	if l, _ := m.LayoutOf("users"); l.Parts[1].Slots != 2731 {
		t.Errorf("s1 of weight 2 has %+v", l.Parts)
	}
	if len(shop.Servers()) != 3 || !shop.Sharded() {
		t.Error(shop.Servers())
	}
}

// TestDiffShards: a shard or a table that comes or goes is one change, within a
// cluster that stays; a cluster that comes is one change, whatever it has.
func TestDiffShards(t *testing.T) {
	old, next := sharded(t), sharded(t)
	shop := next.Cluster("shop")
	slices.Reverse(shop.Shards)
	shop.Shards = append(shop.Shards, Shard{Name: "s2", Nodes: []Node{{Addr: "127.0.0.1:9", Weight: 1}}, Weight: 1})
	shop.Tables = shop.Tables[1:]
	shop.Maps[0].Slots = 1024
	shop.Maps[2].Ranges = shop.Maps[2].Ranges[:1]
	shop.Gather.Enabled = false
	next.Clusters = next.Clusters[:1]
	var got []string
	for _, c := range Diff(old, next) {
		got = append(got, fmt.Sprintf("%s: %s > %s", c.Path, c.Old, c.New))
	}
	want := strings.Split(strings.TrimSpace(`
clusters.shop.gather.enabled: true > false
clusters.shop.maps.users.slots: 4096 > 1024
clusters.shop.maps.years.ranges: [{to: 2020-01-01, shard: s0}, {from: 2020-01-01, shard: s1}] > [{to: 2020-01-01, shard: s0}]
clusters.shop.shards: s0, s1 > s1, s0
clusters.shop.shards.s2: absent > present
clusters.shop.tables.users: present > absent
clusters.two: present > absent`), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
