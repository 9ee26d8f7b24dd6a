package web

import "github.com/wyeproxy/wye/proxy/stats"

// perRule are the metrics of kept answers, with one value per rule.
var perRule = []struct {
	name, kind, help string
	value            func(*stats.CacheRow) int64
}{
	{"wye_cache_hits_total", counter, "Reads answered from memory.", func(c *stats.CacheRow) int64 { return c.Hits }},
	{"wye_cache_stale_total", counter, "Of these, past their ttl while somebody asked anew.", func(c *stats.CacheRow) int64 { return c.Stale }},
	{"wye_cache_misses_total", counter, "Reads for which no valid answer was kept.", func(c *stats.CacheRow) int64 { return c.Misses }},
	{"wye_cache_fills_total", counter, "Answers that were stored.", func(c *stats.CacheRow) int64 { return c.Fills }},
	{"wye_cache_waits_total", counter, "Times that a client waited for the answer to another's question.", func(c *stats.CacheRow) int64 { return c.Waits }},
	{"wye_cache_abandoned_total", counter, "Answers that were not stored: an error, or a write meanwhile.", func(c *stats.CacheRow) int64 { return c.Abandoned }},
	{"wye_cache_too_large_total", counter, "Answers longer than max_entry.", func(c *stats.CacheRow) int64 { return c.TooLarge }},
	{"wye_cache_entries", gauge, "Answers kept.", func(c *stats.CacheRow) int64 { return c.Entries }},
	{"wye_cache_bytes", gauge, "Memory that they take.", func(c *stats.CacheRow) int64 { return c.Bytes }},
}

func cached(e *exposition, s *stats.Snapshot) {
	for _, m := range perRule {
		e.family(m.name, m.kind, m.help)
		for i := range s.Cache {
			c := &s.Cache[i]
			e.sample(m.name, float64(m.value(c)), "database", c.Cluster, "rule", c.Rule)
		}
	}
	e.family("wye_cache_dropped_total", counter, "Answers that are not kept any more, by cause.")
	for i := range s.Cache {
		c := &s.Cache[i]
		for _, cause := range []string{"written", "expired", "evicted", "flushed", "ddl", "failover", "missed"} {
			e.sample("wye_cache_dropped_total", float64(c.Dropped[cause]), "database", c.Cluster, "rule", c.Rule, "cause", cause)
		}
	}
}
