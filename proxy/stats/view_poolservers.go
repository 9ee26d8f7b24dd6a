package stats

import "cmp"

func poolServers(s *Snapshot) []PoolServerRow {
	return sorted(s.PoolServers, func(a, b PoolServerRow) int { return cmp.Compare(a.Pool, b.Pool) })
}

// queues are what waits, pool by pool.
func queues(s *Snapshot) []PoolQueueRow {
	return sorted(s.PoolQueues, func(a, b PoolQueueRow) int { return cmp.Compare(a.Pool, b.Pool) })
}

func httpCaches(s *Snapshot) []HTTPCacheRow {
	return sorted(s.HTTPCaches, func(a, b HTTPCacheRow) int {
		return cmp.Or(cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.Route, b.Route))
	})
}

// The views of pools of TCP and HTTP services.
var (
	_ = register("pool_servers", []field[PoolServerRow]{
		col("pool", Text, func(p *PoolServerRow) Cell { return text(p.Pool) }),
		col("kind", Text, func(p *PoolServerRow) Cell { return text(p.Kind) }),
		col("server", Text, func(p *PoolServerRow) Cell { return text(p.Server) }),
		col("addr", Text, func(p *PoolServerRow) Cell { return text(p.Addr) }),
		col("state", Text, func(p *PoolServerRow) Cell { return text(p.State) }),
		col("serving", Text, func(p *PoolServerRow) Cell { return text(yesNo(p.Serving)) }),
		col("zone", Text, func(p *PoolServerRow) Cell { return textOrNull(p.Zone) }),
		col("weight", Int4, func(p *PoolServerRow) Cell { return i4(p.Weight) }),
		col("share_percent", Int4, func(p *PoolServerRow) Cell { return i4(int(p.Share*100 + 0.5)) }),
		col("priority", Int4, func(p *PoolServerRow) Cell { return i4(p.Priority) }),
		col("active", Int8, func(p *PoolServerRow) Cell { return num(p.Active) }),
		col("max", Int8, func(p *PoolServerRow) Cell { return known(p.Limit, p.Limit > 0) }),
		col("picks", Numeric, func(p *PoolServerRow) Cell { return num(p.Picks) }),
		col("failures", Numeric, func(p *PoolServerRow) Cell { return num(p.Failures) }),
		col("latency_us", Int8, func(p *PoolServerRow) Cell { return known(p.Latency.Microseconds(), p.Latency != 0) }),
		col("bytes", Numeric, func(p *PoolServerRow) Cell { return num(p.Bytes) }),
		col("bytes_per_second", Numeric, func(p *PoolServerRow) Cell { return num(p.PerSec) }),
		col("breaker", Text, func(p *PoolServerRow) Cell { return textOrNull(p.Breaker) }),
		col("since", Text, func(p *PoolServerRow) Cell { return stamp(p.Since) }),
		col("why", Text, func(p *PoolServerRow) Cell { return textOrNull(p.Why) }),
		col("per_second", Numeric, func(p *PoolServerRow) Cell { return num(int64(p.Rate + 0.5)) }),
		col("failures_per_minute", Numeric, func(p *PoolServerRow) Cell { return num(int64(60*p.FailRate + 0.5)) }),
		col("p95_us", Int8, func(p *PoolServerRow) Cell { return known(p.Took.Quantile(0.95).Microseconds(), p.Took.Count() > 0) }),
	}, poolServers)
	_ = register("pool_queues", []field[PoolQueueRow]{
		col("pool", Text, func(q *PoolQueueRow) Cell { return text(q.Pool) }),
		col("waiting", Int8, func(q *PoolQueueRow) Cell { return num(q.Waiting) }),
		col("turned_away_full", Numeric, func(q *PoolQueueRow) Cell { return num(q.Full) }),
		col("turned_away_late", Numeric, func(q *PoolQueueRow) Cell { return num(q.Late) }),
		col("balance", Text, func(q *PoolQueueRow) Cell { return text(q.Balance) }),
	}, queues)
	_ = register("http_cache", []field[HTTPCacheRow]{
		col("listener", Text, func(c *HTTPCacheRow) Cell { return text(c.Listener) }),
		col("route", Text, func(c *HTTPCacheRow) Cell { return text(c.Route) }),
		col("hits", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Hits) }),
		col("stale", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Stale) }),
		col("misses", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Misses) }),
		col("bypass", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Bypass) }),
		col("validated", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Validated) }),
		col("waits", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Waits) }),
		col("fills", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Fills) }),
		col("abandoned", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Abandoned) }),
		col("evictions", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Evictions) }),
		col("purged", Numeric, func(c *HTTPCacheRow) Cell { return num(c.Purged) }),
		col("entries", Int8, func(c *HTTPCacheRow) Cell { return num(c.Entries) }),
		col("bytes", Int8, func(c *HTTPCacheRow) Cell { return num(c.Bytes) }),
		col("listener_bytes", Int8, func(c *HTTPCacheRow) Cell { return num(c.Used) }),
		col("listener_limit", Int8, func(c *HTTPCacheRow) Cell { return num(c.Limit) }),
	}, httpCaches)
)
