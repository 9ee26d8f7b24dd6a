package stats

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// full is a snapshot with a row or two in every view that can have rows.
func full() *Snapshot {
	c := Counters{Queries: 3, XactTime: 1500 * time.Nanosecond, Sent: math.MaxInt64}
	return &Snapshot{
		Time:        start,
		Process:     Process{Version: "0.3.1", MaxClients: 100, Memory: Memory{Objects: 5 << 30}},
		Health:      Health{Clusters: []ClusterHealth{{"shop", true}}},
		Pools:       []PoolRow{{Database: "shop", User: "app", ClActive: 2, Reading: Reading{Pins: map[string]PinCount{"listen": {1, 2}}}}},
		Clients:     []ConnRow{{ID: 9, User: "app", State: "active", Pins: []string{"listen"}, PinnedSince: start}},
		Servers:     []ConnRow{{ID: 10, State: "idle", Link: 9, ConnectTime: start}},
		Databases:   []DatabaseRow{{Name: "shop", Hosts: "a,b"}},
		Users:       []UserRow{{Name: "app"}},
		Counters:    []DatabaseCounters{{Database: "shop", Total: c, Recent: c, Elapsed: time.Second}},
		Config:      []ConfigRow{{Key: "pool_size", Value: "20"}},
		Listeners:   []ListenerRow{{Name: "pg"}},
		PoolServers: []PoolServerRow{{Pool: "redis", Share: 1, Active: math.MaxInt64, Bytes: math.MaxInt64, Limit: math.MaxInt64}},
		PoolQueues:  []PoolQueueRow{{Pool: "redis", Waiting: math.MaxInt64, Full: math.MaxInt64, Late: math.MaxInt64}},
		HTTPCaches:  []HTTPCacheRow{{Listener: "web", Route: "static", Hits: math.MaxInt64, Limit: math.MaxInt64}},
		Hosts:       []HostRow{{Cluster: "shop", Node: "a:5432", Timeline: math.MaxUint32, Lag: math.MaxInt64, LagKnown: true, Active: math.MaxInt64}, {}},
		Misroutes:   []MisrouteRow{{Database: "shop", Count: math.MaxInt64}},
		Cache:       []CacheRow{{Cluster: "shop", Rule: "hot", Hits: math.MaxInt64, Bytes: math.MaxInt64, Dropped: map[string]int64{"ddl": math.MaxInt64}}},
		CacheTables: []CacheTableRow{{Cluster: "shop", Table: "products", Entries: math.MaxInt, Bytes: math.MaxInt64}},
		Shards:      []ShardRow{{Cluster: "shop", Shard: "s0", Index: 63, Replicas: math.MaxInt}},
		InDoubt:     []DoubtRow{{Cluster: "shop", GID: "wye:x", Age: math.MaxInt64}, {Cluster: "shop"}},
	}
}

// Each cell is what its column's type promises: readers parse without asking.
func TestCellsFitTheirTypes(t *testing.T) {
	for _, name := range ViewNames() {
		v, _ := LookupView(strings.ToUpper(name))
		for _, row := range v.Table(full()).Rows {
			if len(row) != len(v.Columns) {
				t.Fatalf("%s: %d cells in %d columns", name, len(row), len(v.Columns))
			}
			for i, c := range row {
				checkCell(t, name, v.Columns[i], c)
			}
		}
	}
}

func checkCell(t *testing.T, view string, column Column, c Cell) {
	t.Helper()
	bits := map[Type]int{Int4: 32, Int8: 64, Numeric: 64}[column.Type]
	if c.Null || bits == 0 {
		return
	}
	if _, err := strconv.ParseInt(c.Text, 10, bits); err != nil {
		t.Errorf("%s.%s: %q is not an integer of %d bits", view, column.Name, c.Text, bits)
	}
}

// Rules 5 and 6 of operating.md 3.2: nothing is NULL in the statistics.
func TestStatsAreNeverNull(t *testing.T) {
	for _, name := range []string{"stats", "stats_totals", "stats_averages", "totals"} {
		v, _ := LookupView(name)
		for _, row := range v.Table(full()).Rows {
			for i, c := range row {
				if c.Null || c.Text == "" || i > 0 && v.Columns[i].Type != Numeric {
					t.Errorf("%s.%s is %+v of type %d", name, v.Columns[i].Name, c, v.Columns[i].Type)
				}
			}
		}
	}
}

func TestMergePools(t *testing.T) {
	in := []PoolRow{
		{Database: "shop", User: "b", SvActive: 1},
		{Database: "shop", User: "a", SvActive: 2, MaxWait: time.Second, Size: 5},
		{Database: "shop", User: "b", SvActive: 3, ClWaiting: 1, MaxWait: time.Minute},
		{Database: "a", User: "z"},
	}
	got := MergePools(in)
	if len(got) != 3 || got[0].Database != "a" || got[1].User != "a" {
		t.Fatalf("merged %+v", got)
	}
	if b := got[2]; b.SvActive != 4 || b.ClWaiting != 1 || b.MaxWait != time.Minute {
		t.Errorf("sum %+v", b)
	}
	if in[0].SvActive != 1 || in[1].User != "a" {
		t.Error("the snapshot was changed")
	}
}

func TestStamp(t *testing.T) {
	east := time.Date(2026, 7, 1, 2, 0, 0, 999, time.FixedZone("", 7200))
	if got := stamp(east).Text; got != "2026-07-01 00:00:00 UTC" {
		t.Errorf("stamp %q", got)
	}
	if !stamp(time.Time{}).Null {
		t.Error("never is not NULL")
	}
}

func TestConfigCompatKeys(t *testing.T) {
	s := full()
	s.Config = append(s.Config, ConfigRow{Key: "max_client_conn", Value: "7"})
	seen := map[string]string{}
	for _, r := range config(s) {
		if seen[r.Key] != "" {
			t.Errorf("key %s twice", r.Key)
		}
		seen[r.Key] = r.Value
	}
	if seen["max_client_conn"] != "7" || seen["max_user_connections"] != "0" {
		t.Errorf("keys %v", seen)
	}
}

// SHOW CLUSTERS is put together of four lists by name, none of which need
// have the cluster.
func TestClustersAreJoinedByName(t *testing.T) {
	s := &Snapshot{
		Health: Health{Clusters: []ClusterHealth{{"shop", true}, {"audit", false}}},
		Hosts: []HostRow{
			{Cluster: "shop", Node: "a:5432", Role: "replica"}, {Cluster: "shop", Node: "b:5432", Role: "primary"},
			{Cluster: "other", Node: "c:5432", Role: "primary"},
		},
		Counters:  []DatabaseCounters{{Database: "shop", Total: Counters{Routed: Routed{9, 8, 7, 6}}}, {Database: "wye"}},
		Databases: []DatabaseRow{{Name: "other", Failovers: 9}, {Name: "shop", Failovers: 5, Held: 4, HeldTotal: 3}},
	}
	v, _ := LookupView("clusters")
	var got []string
	for _, row := range v.Table(s).Rows {
		var cells []string
		for _, c := range row {
			cells = append(cells, c.Text)
		}
		got = append(got, strings.Join(cells, " "))
	}
	want := []string{"audit no  0 0 0 0 0 0 0", "shop yes b:5432 9 8 7 6 5 4 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// A pool that is retired takes nothing away from what its database has read.
func TestRoutedIsSummed(t *testing.T) {
	r := NewRegistry(start)
	var tally Tally
	tally.Routed = Routed{1, 2, 3, 4}
	r.Pool("shop", "app").Add(&tally)
	r.Retire("shop", "app")
	tally.Routed = Routed{10, 20, 30, 40}
	r.Pool("shop", "app").Add(&tally)
	r.Sample(start.Add(time.Minute))
	r.Sample(start.Add(2 * time.Minute))
	row := r.Databases(start.Add(3 * time.Minute))[0]
	if want := (Routed{11, 22, 33, 44}); row.Total.Routed != want {
		t.Errorf("total %+v, want %+v", row.Total.Routed, want)
	}
	if row.Recent.Routed != (Routed{}) {
		t.Errorf("recently %+v, want nothing", row.Recent.Routed)
	}
}

// The columns that are wye's own are explained to people.
func TestColumnsAreDocumented(t *testing.T) {
	for name, file := range map[string]string{
		"hosts": "routing.md", "misroutes": "routing.md", "clusters": "routing.md", "shards": "sharding.md", "in_doubt": "sharding.md",
		"drift": "sharding.md",
	} {
		v, _ := LookupView(name)
		page, err := os.ReadFile("../../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "SHOW "+strings.ToUpper(name)) {
			t.Errorf("nothing about SHOW %s", name)
		}
		for _, c := range v.Columns {
			if c.Name != "name" && c.Name != "primary" && !strings.Contains(string(page), "`"+c.Name+"`") {
				t.Errorf("nothing about column %s of SHOW %s", c.Name, name)
			}
		}
	}
}
