package admin

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// proxy is a Control that writes down what it was told and has a fixed
// snapshot. PAUSE of "slow" waits until it is interrupted.
type proxy struct {
	mu    sync.Mutex
	calls []string
	slow  chan struct{} // receives when PAUSE slow waits
}

func newProxy() *proxy { return &proxy{slow: make(chan struct{}, 1)} }

func (p *proxy) did(format string, args ...any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, fmt.Sprintf(format, args...))
	return nil
}

func (p *proxy) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = nil
	return calls
}

func (p *proxy) Pause(ctx context.Context, database string) error {
	switch database {
	case "slow":
		p.slow <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	case "nosuch":
		return pgerror.New(pgerror.InvalidCatalogName, `database "nosuch" does not exist`)
	case "broken":
		return errors.New("already paused")
	}
	return p.did("pause %s", database)
}

func (p *proxy) Suspend(context.Context) error               { return p.did("suspend") }
func (p *proxy) Resume(db string) error                      { return p.did("resume %s", db) }
func (p *proxy) Disable(db string) error                     { return p.did("disable %s", db) }
func (p *proxy) Enable(db string) error                      { return p.did("enable %s", db) }
func (p *proxy) FlushCache(table string) error               { return p.did("flush %s", table) }
func (p *proxy) Reconnect(db string) error                   { return p.did("reconnect %s", db) }
func (p *proxy) WaitClose(_ context.Context, s string) error { return p.did("wait_close %s", s) }
func (p *proxy) Kill(db string) error                        { return p.did("kill %s", db) }
func (p *proxy) KillClient(id uint64) error                  { return p.did("kill_client %d", id) }
func (p *proxy) Shutdown(mode ShutdownMode) error            { return p.did("shutdown %d", mode) }

func (p *proxy) PurgeHTTP(q Purge) ([]Purged, error) {
	return []Purged{{"web", "static", 2, 3000}}, p.did("purge %q", q)
}

// Switchover of "slow" waits as PAUSE does.
func (p *proxy) Switchover(ctx context.Context, database, node string) (string, error) {
	if database == "slow" {
		return "", p.Pause(ctx, database)
	}
	return "the primary of shop is 10.0.1.2:5432 now", p.did("switchover %s %s", database, node)
}

func (p *proxy) OrderServer(pool, server string, order ServerOrder) error {
	return p.did("server %s %s %d", pool, server, order)
}

func (p *proxy) Reload() error {
	p.did("reload")
	return errors.New("wye.yaml:3:5: unknown key \"sise\"; did you mean \"size\"?")
}

// start is the moment of the fixed snapshot.
var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func (p *proxy) Snapshot() *stats.Snapshot {
	return &stats.Snapshot{
		Time: start,
		Process: stats.Process{
			Version: "0.3.1", Start: start, ConfigEpoch: 2, LastReload: start, LastReloadOK: true, MaxClients: 10000, LoginClients: 1,
			Memory: stats.Memory{Objects: 4 << 20, Free: 1 << 20, Stacks: 2 << 20, Other: 3 << 20},
		},
		Health: stats.Health{Clusters: []stats.ClusterHealth{{Name: "shop", Primary: true}}},
		Pools: []stats.PoolRow{
			{Database: "shop", User: "app", ClActive: 3, ClWaiting: 1, SvActive: 2, SvIdle: 4, MaxWait: 2500 * time.Millisecond,
				Mode: "transaction", Size: 20, Reading: stats.Reading{Pins: map[string]stats.PinCount{"temporary table": {Now: 1, Total: 12}}}},
			{Database: "shop", User: "app", SvIdle: 1, Mode: "transaction", Size: 20},
			{Database: "audit", User: "ops", Mode: "session", LoadBalanceHosts: "round-robin"},
		},
		Clients: []stats.ConnRow{
			{ID: 7, User: "app", Database: "shop", State: "active", Addr: "10.0.0.7", Port: 50007, LocalAddr: "10.0.0.1", LocalPort: 6432,
				ConnectTime: start, RequestTime: start.Add(time.Minute), Link: 9, TLS: "TLSv1.3/TLS_AES_128_GCM_SHA256",
				ApplicationName: "web", PreparedStatements: 5, Pins: []string{"temporary table", "listen"}, PinnedSince: start},
			{ID: 3, User: "app", Database: "shop", State: "waiting", Addr: "10.0.0.3", Port: 50003, LocalAddr: "10.0.0.1", LocalPort: 6432,
				ConnectTime: start, RequestTime: start, Wait: 2500 * time.Millisecond},
		},
		Servers: []stats.ConnRow{
			{ID: 9, User: "app", Database: "shop", State: "active", Addr: "10.0.1.1", Port: 5432, LocalAddr: "10.0.0.1", LocalPort: 40001,
				ConnectTime: start, RequestTime: start, Link: 7, RemotePID: 4242, ApplicationName: "web", PreparedStatements: 8},
			{ID: 8, User: "app", Database: "shop", State: "idle", Addr: "10.0.1.1", Port: 5432, LocalAddr: "10.0.0.1", LocalPort: 40000,
				ConnectTime: start, RequestTime: start, RemotePID: 4241, CloseNeeded: true},
		},
		Databases: []stats.DatabaseRow{
			{Name: "shop", Hosts: "10.0.1.1,10.0.1.2", Port: 5432, Database: "shop_prod", PoolSize: 20, MinPoolSize: 4, ReservePoolSize: 5,
				ServerLifetime: time.Hour, Mode: "transaction", Servers: 7, Clients: 4, Failovers: 2, Held: 3, HeldTotal: 40},
			{Name: "audit", Hosts: "10.0.1.3", Port: 5433, Database: "audit", ForceUser: "auditor", PoolSize: 2, MaxServers: 9, Paused: true},
		},
		Users: []stats.UserRow{{Name: "app", Servers: 7, MaxClients: 8000, Clients: 4}, {Name: "ops", PoolSize: 2, Mode: "session"}},
		Counters: []stats.DatabaseCounters{
			{Database: "shop", Total: busy(1000), Recent: busy(100), Elapsed: 10 * time.Second},
			{Database: "audit", Elapsed: 10 * time.Second},
		},
		Config: []stats.ConfigRow{
			{Key: "queue_timeout", Value: "30s", Default: "30s", Reloadable: true},
			{Key: "max_client_conn", Value: "10000", Default: "10000", Reloadable: true},
			{Key: "listen", Value: "127.0.0.1:6432", Default: ""},
		},
		Hosts: []stats.HostRow{
			{Cluster: "shop", Node: "10.0.1.2:5432", Role: "replica", State: "up", Zone: "b", Weight: 2, Timeline: 3, Lag: 8192, LagKnown: true,
				Age: 1234567 * time.Microsecond, AgeKnown: true, Active: 3, Picks: 1 << 40, Failures: 1, Latency: 812 * time.Microsecond, Since: start},
			{Cluster: "shop", Node: "10.0.1.1:5432", Role: "primary", State: "up", Zone: "a", Weight: 1, Timeline: 3, Since: start},
			{Cluster: "audit", Node: "10.0.1.3:5433", Role: "fenced", State: "down", Weight: 1, Timeline: 1, Since: start,
				Why: "it takes writes on timeline 1, but the cluster is on 2"},
			{Cluster: "audit", Node: "10.0.1.4:5433", State: "down", Weight: 1, Why: "it was not heard of yet"},
		},
		Misroutes: []stats.MisrouteRow{
			{Database: "shop", Text: "select f($1)\n  from t", Code: "25006", Count: 2, Why: "reads only: tables t"},
			{Database: "shop", Text: "select g()", Code: "55000", Count: 7, Why: "reads only: no tables"},
		},
		Cache: []stats.CacheRow{
			{Cluster: "shop", Rule: "products", Entries: 12, Bytes: 34567, Memory: 64 << 20, Hits: 300, Stale: 2, Misses: 100, Fills: 90, Waits: 7,
				Abandoned: 3, TooLarge: 1, Dropped: map[string]int64{"written": 40, "expired": 38, "ddl": 1}, Elsewhere: "ttl"},
			{Cluster: "shop", Rule: "(hint)", Memory: 64 << 20, Elsewhere: "ttl"},
		},
		CacheTables: []stats.CacheTableRow{{Cluster: "shop", Table: "products", Entries: 12, Bytes: 34567}},
		Shards: []stats.ShardRow{
			{Cluster: "store", Shard: "s1", Index: 1, Why: "no primary is up"},
			{Cluster: "store", Shard: "s0", Primary: "10.0.2.1:5432", Replicas: 2, Ready: true},
		},
		InDoubt: []stats.DoubtRow{
			{Cluster: "store", GID: "wye:store:0:1:1", Shard: "s0", Decider: "s1", Owner: "app", Age: 1500 * time.Millisecond, State: "live"},
			{Cluster: "store", GID: "wye:store:0:1:0", Shard: "s0", Decider: "s1", Owner: "app", Age: time.Hour, State: "undecided", Why: "shard 1: no primary"},
			{Cluster: "store", Shard: "s1", State: "unseen", Why: "shard 1: no primary"},
		},
		Drift: []stats.DriftRow{
			{Cluster: "store", Shard: "s1", Object: "public.users", What: `column "name"`, Lead: "text", Here: "text not null"},
			{Cluster: "store", Shard: "s1", Object: "public.rates", Lead: "table"},
		},
		PoolServers: []stats.PoolServerRow{
			{Pool: "web", Kind: "http", Server: "w1", Addr: "10.0.3.1:80", State: "down", Weight: 1, Share: 1, Failures: 5, Why: "connection refused", Since: start},
			{Pool: "redis", Kind: "tcp", Server: "r1", Addr: "10.0.4.1:6379", State: "up", Serving: true, Zone: "a", Weight: 2, Share: 0.255, Priority: 1,
				Active: 3, Limit: 9, Picks: 1 << 40, Failures: 1, Latency: 812 * time.Microsecond, Bytes: 1 << 41, PerSec: 1000, Rate: 12.34, FailRate: 0.06, Took: stats.Histogram{0, 0, 90, 10}, Breaker: "half-open",
				Why: "answered in 200µs", Since: start},
		},
		PoolQueues: []stats.PoolQueueRow{{Pool: "redis", Balance: "least-busy", Waiting: 2, Full: 3, Late: 4}},
		HTTPCaches: []stats.HTTPCacheRow{{
			Listener: "web", Route: "static", Hits: 1, Stale: 2, Misses: 3, Bypass: 4, Validated: 5, Waits: 6, Fills: 7, Abandoned: 8,
			Evictions: 9, Purged: 10, Entries: 11, Bytes: 12, Used: 13, Limit: 14,
		}},
		Listeners: []stats.ListenerRow{{Name: "pg", Kind: "postgres", Addr: "0.0.0.0:6432", TLS: "require", Clients: 2, Accepted: 1 << 40}},
	}
}

func busy(n int64) stats.Counters {
	each := time.Duration(n) * time.Microsecond
	return stats.Counters{Xacts: n, Queries: 2 * n, Assignments: n, Received: 100 * n, Sent: 9000000 * n, XactTime: 300 * each,
		QueryTime: 200 * each, WaitTime: 5 * each, ClientParses: 30 * n, ServerParses: n, Binds: 40 * n, Logins: 10 * n,
		Routed: stats.Routed{ReplicaReads: 7 * n, PrimaryReads: n, Rerouted: n / 100, Misroutes: n / 500}}
}
