package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// proxy is a Control with fixed figures.
type proxy struct {
	health stats.Health
	pools  []stats.PoolRow
}

func (p proxy) Health() stats.Health { return p.health }

func (p proxy) Snapshot() *stats.Snapshot {
	var pool stats.Pool
	var tally stats.Tally
	tally.Query(300 * time.Microsecond)
	tally.Query(700 * time.Millisecond)
	tally.Query(20 * time.Second)
	tally.Assigned(time.Millisecond)
	tally.Xact(time.Second)
	tally.Sent = 1 << 40
	pool.Add(&tally)
	pool.Failed("23505")
	pool.Pinned(`a "quoted" \ reason` + "\nof two lines")
	var gate stats.Gate
	gate.Login(stats.LoginOK)
	gate.Login(stats.LoginFailed)
	total := stats.Counters{Queries: 3, QueryTime: 1500 * time.Millisecond,
		Routed: stats.Routed{ReplicaReads: 70, PrimaryReads: 7, Rerouted: 5, Misroutes: 2}}
	return &stats.Snapshot{
		Process: stats.Process{Version: "0.3.1", Start: time.Unix(1e9, 5e8), ConfigEpoch: 2, LastReloadOK: true, MaxClients: 100,
			LoginClients: 1, Panics: 3, Memory: stats.ReadMemory()},
		Health: p.health,
		Gate:   gate.Read(),
		Pools: append(p.pools, stats.PoolRow{Database: "shop", User: "a\xffb", Size: 20, SvActive: 2, SvIdle: 3, ClWaiting: 4,
			MaxWait: 1500 * time.Millisecond, Reading: pool.Read()}),
		Clients:   []stats.ConnRow{{ID: 1, State: "active", ApplicationName: `</script>"`}, {ID: 2, State: "waiting"}, {ID: 3, State: "active"}},
		Databases: []stats.DatabaseRow{{Name: "shop", Hosts: "a,b", PoolSize: 20, Paused: true, Failovers: 4, Held: 6, HeldTotal: 60}},
		Counters:  []stats.DatabaseCounters{{Database: "shop", Total: total}},
		Listeners: []stats.ListenerRow{{Name: "pg", Accepted: 9}},
		Hosts: []stats.HostRow{
			{Cluster: "shop", Node: "a:5432", Role: "primary", State: "up"},
			{Cluster: "shop", Node: "b:5432", Role: "replica", State: "ejected", Lag: 1 << 40, LagKnown: true, Age: 1500 * time.Millisecond, AgeKnown: true,
				Active: 2, Picks: 8, Failures: 3},
			{Cluster: "shop", Node: "unix:/run/\"pg\"", State: "down"},
		},
		Misroutes: []stats.MisrouteRow{{Database: "shop", Text: "select '</script>', \xff", Code: "25006", Count: 2}},
	}
}

// get asks the handler as a client at from.
func get(h http.Handler, from, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr, r.Host = from, "127.0.0.1:9630"
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const (
	here  = "127.0.0.1:5000"
	there = "192.0.2.7:5000"
)

func TestWhoMaySeeWhat(t *testing.T) {
	bearer := []string{"Authorization", "Bearer secret"}
	for _, tc := range []struct {
		token, from, path string
		header            []string
		want              int
	}{
		{"", there, "/", nil, 200},
		{"", there, "/metrics", nil, 200},
		{"", there, "/healthz", nil, 200},
		{"", there, "/readyz", nil, 200},
		{"", there, "/api/pools", nil, 403},
		{"", there, "/debug/pprof/", nil, 403},
		{"", here, "/api/pools", nil, 200},
		{"", here, "/debug/pprof/", nil, 200},
		{"", "[::1]:7", "/api/pools", []string{"Host", "[::1]:9630"}, 200},
		{"", here, "/api/pools", []string{"Host", "localhost"}, 200},
		{"", here, "/api/pools", []string{"Host", "evil.example:9630"}, 403},
		{"", there, "/api/pools", []string{"X-Forwarded-For", "127.0.0.1"}, 403},
		{"secret", here, "/api/pools", nil, 401},
		{"secret", here, "/debug/pprof/heap", nil, 401},
		{"secret", there, "/api/pools", bearer, 200},
		{"secret", there, "/api/pools", []string{"Authorization", "Bearer secrets"}, 401},
		{"secret", there, "/api/pools", []string{"Authorization", "Basic b3BzOnNlY3JldA=="}, 200}, // ops:secret
		{"secret", there, "/api/pools", []string{"Authorization", "Basic c2VjcmV0Om9wcw=="}, 401}, // secret:ops
		{"secret", there, "/metrics", nil, 200},
		{"", there, "/status", nil, 403},
		{"", here, "/status", nil, 200},
		{"", here, "/status", []string{"Host", "evil.example:9630"}, 403},
		{"secret", here, "/status", nil, 401},
		{"secret", there, "/status", bearer, 200},
		{"", here, "/api/nosuch", nil, 404},
		{"", here, "/nosuch", nil, 404},
	} {
		h := New(proxy{}, Options{Token: tc.token})
		if w := get(h, tc.from, tc.path, tc.header...); w.Code != tc.want {
			t.Errorf("%s from %s with %v and token %q: %d, want %d", tc.path, tc.from, tc.header, tc.token, w.Code, tc.want)
		}
	}
	w := httptest.NewRecorder()
	New(proxy{}, Options{}).ServeHTTP(w, httptest.NewRequest("POST", "/metrics", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /metrics: %d", w.Code)
	}
}

func TestReady(t *testing.T) {
	up, down := stats.ClusterHealth{Name: "a", Primary: true}, stats.ClusterHealth{Name: "b"}
	for _, tc := range []struct {
		health stats.Health
		want   int
		body   string
	}{
		{stats.Health{}, 200, `{"ready":true,"draining":false,"clusters":{}}`},
		{stats.Health{Clusters: []stats.ClusterHealth{up}}, 200, `{"ready":true,"draining":false,"clusters":{"a":true}}`},
		{stats.Health{Clusters: []stats.ClusterHealth{up, down}}, 503, `{"ready":false,"draining":false,"clusters":{"a":true,"b":false}}`},
		{stats.Health{Draining: true, Clusters: []stats.ClusterHealth{up}}, 503, `{"ready":false,"draining":true,"clusters":{"a":true}}`},
	} {
		h := New(proxy{health: tc.health}, Options{})
		if w := get(h, there, "/readyz"); w.Code != tc.want || strings.TrimSpace(w.Body.String()) != tc.body {
			t.Errorf("%+v: %d %s", tc.health, w.Code, w.Body)
		}
		if w := get(h, there, "/healthz"); w.Code != 200 || w.Body.String() != "ok\n" {
			t.Errorf("healthz: %d %s", w.Code, w.Body)
		}
	}
}

func TestAPI(t *testing.T) {
	h := New(proxy{}, Options{})
	w := get(h, here, "/api/databases")
	const want = `[{"name":"shop","host":"a,b","port":0,"database":"","force_user":null,"pool_size":20,"min_pool_size":0,` +
		`"reserve_pool_size":0,"server_lifetime":0,"pool_mode":null,"load_balance_hosts":null,"max_connections":0,` +
		`"current_connections":0,"max_client_connections":0,"current_client_connections":0,"paused":1,"disabled":0}]`
	if got := strings.TrimSpace(w.Body.String()); got != want {
		t.Errorf("got %s", got)
	}
	for _, name := range stats.ViewNames() {
		w := get(h, here, "/api/"+name)
		var rows []map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil || rows == nil {
			t.Errorf("%s: %v %s", name, err, w.Body)
		}
		if strings.Contains(w.Body.String(), "</script>") {
			t.Errorf("%s is not safe inside a page", name)
		}
	}
}

func TestServe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, New(proxy{}, Options{})) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(fmt.Sprintf("http://%s/api/version", l.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(body), "PgBouncer 1.25.2 (wye 0.3.1)") {
		t.Errorf("%s %v", body, err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("after the context's end: %v", err)
	}
	if conn, err := net.Dial("tcp", l.Addr().String()); err == nil {
		conn.Close()
		t.Error("the listener is still open")
	}
}
