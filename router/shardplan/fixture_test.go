package shardplan

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

var rewriteGolden = os.Getenv("WYE_REWRITE") != ""

// fixtureMap is the map of testdata/plan/shards/schema.sql, on four shards.
func fixtureMap(t testing.TB) *shards.Map {
	t.Helper()
	spec := shards.Spec{
		Shards: []shards.Shard{{Name: "s0"}, {Name: "s1"}, {Name: "s2"}, {Name: "s3"}},
		Groups: []shards.Group{
			{Name: "users", Kind: shards.ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}},
			{Name: "days", Kind: shards.Range, Types: []shardfunc.Type{shardfunc.Date}, Ranges: []shards.KeyRange{
				{HasTo: true, To: "2024-01-01", Shard: "s0"},
				{HasFrom: true, From: "2024-01-01", HasTo: true, To: "2024-07-01", Shard: "s1"},
				{HasFrom: true, From: "2024-07-01", HasTo: true, To: "2025-01-01", Shard: "s2"},
			}},
			{Name: "sites", Kind: shards.List, Types: []shardfunc.Type{shardfunc.Text}, Lists: []shards.KeyList{
				{Values: []string{"north", "south"}, Shard: "s1"}, {Values: []string{"east"}, Shard: "s3"},
			}},
			{Name: "pairs", Kind: shards.ConsistentHash, Types: []shardfunc.Type{shardfunc.Text, shardfunc.Int8}},
			{Name: "times", Kind: shards.ConsistentHash, Types: []shardfunc.Type{shardfunc.Timestamp}},
			{Name: "keys", Kind: shards.ConsistentHash, Types: []shardfunc.Type{shardfunc.UUID}},
		},
	}
	sharded := func(group, name string, keys ...string) {
		spec.Tables = append(spec.Tables, shards.TableSpec{Name: name, Group: group, Keys: keys})
	}
	sharded("users", "users", "id")
	sharded("users", "badges", "id")
	for _, name := range []string{"orders", "items", "profiles", "tickets", "tokens", "tracks", "audited", "guarded", "asking"} {
		sharded("users", name, "user_id")
	}
	sharded("users", "pgbench_accounts", "aid")
	sharded("users", "newcomers", "user_id") // which the catalog does not have
	sharded("days", "readings", "day")
	sharded("sites", "sites", "name")
	sharded("sites", "visits", "site")
	sharded("pairs", "pairs", "tenant", "id")
	sharded("pairs", "pair_notes", "tenant", "pair_id")
	sharded("times", "slots", "at")
	sharded("keys", "keys", "id")
	for _, name := range []string{"countries", "rates", "tallies", "tariffs"} {
		spec.Tables = append(spec.Tables, shards.TableSpec{Name: name, Reference: true})
	}
	spec.Tables = append(spec.Tables, shards.TableSpec{Name: "settings", Shard: "s1"})
	m, problems := shards.New(spec)
	if m == nil {
		t.Fatal(problems)
	}
	return m
}

// fixture is a Planner for it.
func fixture(t testing.TB) *Planner {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(plantest.Dir(), "shards", "schema.catalog"))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.Build(plantest.Parse(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return New(snapshot, fixtureMap(t))
}
