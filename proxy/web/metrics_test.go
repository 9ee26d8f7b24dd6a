package web

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/proxy/stats"
)

// scrape reads the page as Prometheus does.
func scrape(t *testing.T, p proxy, o Options) map[string]*family {
	t.Helper()
	w := get(New(p, o), there, "/metrics")
	if got := w.Header().Get("Content-Type"); got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	families, err := parse(w.Body.String())
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Body)
	}
	return families
}

// find returns the one sample with these labels, names and values in turn.
func find(t *testing.T, families map[string]*family, name string, labels ...string) float64 {
	t.Helper()
	base := strings.TrimSuffix(strings.TrimSuffix(name, "_count"), "_sum")
	f := families[name]
	if f == nil {
		f = families[strings.TrimSuffix(base, "_bucket")]
	}
	if f == nil {
		t.Fatalf("no family %s", name)
	}
	var found []float64
	for _, s := range f.samples {
		match := s.name == name
		for i := 0; i+1 < len(labels); i += 2 {
			match = match && s.labels[labels[i]] == labels[i+1]
		}
		if match {
			found = append(found, s.value)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s %q: %d samples", name, labels, len(found))
	}
	return found[0]
}

func TestMetricValues(t *testing.T) {
	health := stats.Health{Draining: true, Clusters: []stats.ClusterHealth{{Name: "shop", Primary: true}}}
	f := scrape(t, proxy{health: health}, Options{PgBouncer: true})
	reason := "a \"quoted\" \\ reason\nof two lines"
	for _, tc := range []struct {
		name   string
		labels string
		want   float64
	}{
		{"wye_build_info", "version=0.3.1", 1},
		{"wye_start_time_seconds", "", 1e9 + 0.5},
		{"wye_config_epoch", "", 2},
		{"wye_config_last_reload_success", "", 1},
		{"wye_panics_total", "", 3},
		{"wye_draining", "", 1},
		{"wye_cluster_writable", "cluster=shop", 1},
		{"wye_clients", "state=active", 2},
		{"wye_clients", "state=waiting", 1},
		{"wye_clients", "state=idle", 0},
		{"wye_clients", "state=login", 1},
		{"wye_client_logins_total", "result=failed", 1},
		{"wye_client_logins_total", "result=timeout", 0},
		{"wye_pool_size", "database=shop", 20},
		{"wye_pool_in_use", "user=a\uFFFDb", 2},
		{"wye_pool_idle", "", 3},
		{"wye_pool_waiting", "", 4},
		{"wye_pool_max_wait_seconds", "", 1.5},
		{"wye_queries_total", "", 3},
		{"wye_sent_bytes_total", "", 1 << 40},
		{"wye_transaction_seconds_total", "", 1},
		{"wye_errors_total", "class=23", 1},
		{"wye_pins", "reason=" + reason, 1},
		{"wye_pins_started_total", "reason=" + reason, 1},
		{"wye_listener_accepted_total", "listener=pg", 9},
		{"wye_host_up", "role=primary", 1},
		{"wye_host_up", "node=b:5432", 0},
		{"wye_host_up", "role=unknown", 0},
		{"wye_host_up", "node=unix:/run/\"pg\"", 0},
		{"wye_host_lag_bytes", "node=b:5432", 1 << 40},
		{"wye_host_fresh_age_seconds", "node=b:5432", 1.5},
		{"wye_host_active", "node=b:5432", 2},
		{"wye_host_picks_total", "node=b:5432", 8},
		{"wye_host_failures_total", "node=b:5432", 3},
		{"wye_reads_total", "where=replica", 70},
		{"wye_reads_total", "where=primary", 7},
		{"wye_reads_rerouted_total", "database=shop", 5},
		{"wye_misroutes_total", "database=shop", 2},
		{"wye_failovers_total", "database=shop", 4},
		{"wye_requests_held", "database=shop", 6},
		{"wye_requests_held_total", "database=shop", 60},
		{"pgbouncer_up", "", 1},
		{"pgbouncer_config_max_client_connections", "", 100},
		{"pgbouncer_databases", "", 1},
		{"pgbouncer_databases_paused", "host=a,b", 1},
		{"pgbouncer_pools_server_active_connections", "database=shop", 2},
		{"pgbouncer_pools_client_maxwait_seconds", "", 1},
		{"pgbouncer_stats_queries_pooled_total", "database=shop", 3},
		{"pgbouncer_stats_queries_duration_seconds_total", "database=shop", 1.5},
	} {
		var labels []string
		if tc.labels != "" {
			labels = strings.SplitN(tc.labels, "=", 2)
		}
		if got := find(t, f, tc.name, labels...); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s{%s} = %v, want %v", tc.name, tc.labels, got, tc.want)
		}
	}
}

func TestHistogram(t *testing.T) {
	f := scrape(t, proxy{}, Options{})
	if n, sum := find(t, f, "wye_query_seconds_count"), find(t, f, "wye_query_seconds_sum"); n != 3 || math.Abs(sum-20.7003) > 1e-9 {
		t.Errorf("count %v, sum %v", n, sum)
	}
	for le, want := range map[string]float64{"0.00025": 0, "0.0005": 1, "0.5": 1, "1": 2, "10": 2, "+Inf": 3} {
		if got := find(t, f, "wye_query_seconds_bucket", "le", le); got != want {
			t.Errorf("up to %s s: %v, want %v", le, got, want)
		}
	}
	if n := len(f["wye_query_seconds"].samples); n != len(stats.Buckets)+3 {
		t.Errorf("%d samples", n)
	}
}

// The rules that promtool's linter checks: help on all, counters and only
// counters end in _total, base units.
func TestNames(t *testing.T) {
	name := regexp.MustCompile(`^wye_[a-z][a-z0-9_]*$`)
	families := scrape(t, proxy{}, Options{})
	for n, f := range families {
		if !name.MatchString(n) || !strings.HasSuffix(f.help, ".") {
			t.Errorf("%s: %q", n, f.help)
		}
		if isCounter := f.kind == "counter"; isCounter != strings.HasSuffix(n, "_total") {
			t.Errorf("%s is a %s", n, f.kind)
		}
		if regexp.MustCompile(`_(ms|us|milliseconds|kb|mb|minutes)(_|$)`).MatchString(n) {
			t.Errorf("%s is not in base units", n)
		}
	}
	// The part of operating.md, section 4, that can be fed.
	for _, n := range strings.Fields("wye_clients wye_client_logins_total wye_pool_size wye_pool_in_use wye_pool_idle wye_pool_waiting " +
		"wye_pool_wait_seconds wye_queries_total wye_query_seconds wye_pins wye_config_last_reload_success wye_config_epoch wye_panics_total wye_build_info " +
		"wye_host_up wye_host_lag_bytes wye_host_fresh_age_seconds wye_reads_total wye_reads_rerouted_total wye_misroutes_total wye_failovers_total wye_requests_held") {
		if families[n] == nil {
			t.Errorf("no %s", n)
		}
	}
}

// The metrics of servers and routing are listed for people.
func TestRoutingMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/routing.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name := range scrape(t, proxy{}, Options{}) {
		if !regexp.MustCompile(`^wye_(host|reads|misroutes|failovers|requests)_`).MatchString(name) {
			continue
		}
		if n++; !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("nothing about %s", name)
		}
	}
	if n < 12 {
		t.Errorf("only %d metrics looked at", n)
	}
}

// What is not known of a server has no sample: 0 would say that it is up to
// date. And its role is no label of what is drawn over time.
func TestUnknownIsLeftOut(t *testing.T) {
	f := scrape(t, proxy{}, Options{})
	for _, name := range []string{"wye_host_lag_bytes", "wye_host_fresh_age_seconds"} {
		if n := len(f[name].samples); n != 1 {
			t.Errorf("%s has %d samples, want the one of the replica", name, n)
		}
	}
	for name, family := range f {
		for _, s := range family.samples {
			if _, has := s.labels["role"]; has && name != "wye_host_up" {
				t.Errorf("%s has the role as a label", name)
			}
		}
	}
}

// Labels are bounded, and a pool that had its own keeps it.
func TestBoundedPools(t *testing.T) {
	m := &metrics{}
	first := []stats.PoolRow{{Database: "d", User: "zz", ClActive: 7}}
	if got := m.bounded(first); got[0].User != "zz" {
		t.Fatalf("first pool %+v", got)
	}
	rows := first
	for i := range maxPools + 10 {
		rows = append(rows, stats.PoolRow{Database: "d", User: fmt.Sprintf("u%04d", i), ClActive: 1})
	}
	got := m.bounded(rows)
	if len(got) != maxPools+1 {
		t.Fatalf("%d rows, want %d and one for the others", len(got), maxPools)
	}
	kept := map[string]int{}
	for _, p := range got {
		kept[p.User] = p.ClActive
	}
	if kept["zz"] != 7 || kept["other"] != 11 {
		t.Errorf("zz %d, other %d", kept["zz"], kept["other"])
	}
}

// The goal is 50 ms and 5 MB at 100 pools.
func BenchmarkMetrics(b *testing.B) {
	p := proxy{}
	for i := range 100 {
		p.pools = append(p.pools, stats.PoolRow{Database: "shop", User: fmt.Sprintf("user%d", i)})
	}
	h := New(p, Options{PgBouncer: true})
	size := 0
	for b.Loop() {
		size = get(h, there, "/metrics").Body.Len()
	}
	b.ReportMetric(float64(size), "bytes")
}
