package web

import "github.com/wyeproxy/wye/proxy/stats"

// perPoolServer are the metrics with one value per server of a pool.
var perPoolServer = []struct {
	name, kind, help string
	value            func(*stats.PoolServerRow) float64
}{
	{"wye_pool_server_up", gauge, "1 if a server of a pool gets clients.",
		func(p *stats.PoolServerRow) float64 { return one(p.Serving) }},
	{"wye_pool_server_active", gauge, "Connections, of HTTP requests, that a server has.",
		func(p *stats.PoolServerRow) float64 { return float64(p.Active) }},
	{"wye_pool_server_picks_total", counter, "Times that a server was chosen.",
		func(p *stats.PoolServerRow) float64 { return float64(p.Picks) }},
	{"wye_pool_server_failures_total", counter, "Connections, of HTTP requests, that failed by a server's fault.",
		func(p *stats.PoolServerRow) float64 { return float64(p.Failures) }},
	{"wye_pool_server_bytes_total", counter, "Bytes to and from a server.",
		func(p *stats.PoolServerRow) float64 { return float64(p.Bytes) }},
	{"wye_pool_server_latency_seconds", gauge, "Time to connect, of HTTP to answer, as an average that follows peaks at once.",
		func(p *stats.PoolServerRow) float64 { return p.Latency.Seconds() }},
}

// poolServerStates are the values of the label state: each server has one
// sample of each, so that a change of state begins no series.
var poolServerStates = []string{"up", "down", "unknown", "ejected", "draining", "maint"}

func poolServers(e *exposition, s *stats.Snapshot) {
	if len(s.PoolServers) == 0 {
		return
	}
	for _, m := range perPoolServer {
		e.family(m.name, m.kind, m.help)
		for i := range s.PoolServers {
			p := &s.PoolServers[i]
			e.sample(m.name, m.value(p), "pool", p.Pool, "server", p.Server)
		}
	}
	e.family("wye_pool_server_state", gauge, "1 for the state that a server is in.")
	for i := range s.PoolServers {
		p := &s.PoolServers[i]
		for _, state := range poolServerStates {
			e.sample("wye_pool_server_state", one(p.State == state), "pool", p.Pool, "server", p.Server, "state", state)
		}
	}
	e.family("wye_pool_queue", gauge, "Clients that wait for a server of a pool below its limit.")
	for _, q := range s.PoolQueues {
		e.sample("wye_pool_queue", float64(q.Waiting), "pool", q.Pool)
	}
	e.family("wye_pool_queue_refused_total", counter, "Clients turned away because the queue was full, or after their wait.")
	for _, q := range s.PoolQueues {
		e.sample("wye_pool_queue_refused_total", float64(q.Full), "pool", q.Pool, "reason", "full")
		e.sample("wye_pool_queue_refused_total", float64(q.Late), "pool", q.Pool, "reason", "timeout")
	}
	for _, m := range perHTTPCache {
		e.family(m.name, m.kind, m.help)
		for i := range s.HTTPCaches {
			c := &s.HTTPCaches[i]
			e.sample(m.name, float64(m.value(c)), "listener", c.Listener, "route", c.Route)
		}
	}
	e.family("wye_listener_clients", gauge, "Clients of a listener.")
	for _, l := range s.Listeners {
		e.sample("wye_listener_clients", float64(l.Clients), "listener", l.Name)
	}
	e.family("wye_listener_turned_away_total", counter, "Clients of TCP listeners that got no server, by why.")
	for _, l := range s.Listeners {
		if l.Kind == "tcp" {
			e.sample("wye_listener_turned_away_total", float64(l.Refused), "listener", l.Name, "reason", "limit")
			e.sample("wye_listener_turned_away_total", float64(l.Broken), "listener", l.Name, "reason", "broken")
			e.sample("wye_listener_turned_away_total", float64(l.Failed), "listener", l.Name, "reason", "no_server")
		}
	}
}

// perHTTPCache are the figures of each route of HTTP with a cache.
var perHTTPCache = []struct {
	name, kind, help string
	value            func(*stats.HTTPCacheRow) int64
}{
	{"wye_http_cache_hits_total", counter, "Requests answered from memory.", func(c *stats.HTTPCacheRow) int64 { return c.Hits }},
	{"wye_http_cache_stale_total", counter, "Requests answered from memory although stale, as was allowed.", func(c *stats.HTTPCacheRow) int64 { return c.Stale }},
	{"wye_http_cache_misses_total", counter, "Requests for which a server was asked.", func(c *stats.HTTPCacheRow) int64 { return c.Misses }},
	{"wye_http_cache_bypass_total", counter, "Requests that were not the cache's business.", func(c *stats.HTTPCacheRow) int64 { return c.Bypass }},
	{"wye_http_cache_evictions_total", counter, "Answers that gave way to others.", func(c *stats.HTTPCacheRow) int64 { return c.Evictions }},
	{"wye_http_cache_bytes", gauge, "Bytes of what is kept.", func(c *stats.HTTPCacheRow) int64 { return c.Bytes }},
}
