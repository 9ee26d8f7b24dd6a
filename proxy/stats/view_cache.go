package stats

import "cmp"

// dropped is a column of SHOW CACHE: entries that are gone for one cause.
func dropped(name, cause string) field[CacheRow] {
	return col(name, Numeric, func(c *CacheRow) Cell { return num(c.Dropped[cause]) })
}

// The views of kept answers.
var (
	_ = register("cache", []field[CacheRow]{
		col("cluster", Text, func(c *CacheRow) Cell { return text(c.Cluster) }),
		col("rule", Text, func(c *CacheRow) Cell { return text(c.Rule) }),
		col("hit_percent", Int8, func(c *CacheRow) Cell { return known(c.HitRatio()) }),
		col("hits", Numeric, func(c *CacheRow) Cell { return num(c.Hits) }),
		col("stale", Numeric, func(c *CacheRow) Cell { return num(c.Stale) }),
		col("misses", Numeric, func(c *CacheRow) Cell { return num(c.Misses) }),
		col("fills", Numeric, func(c *CacheRow) Cell { return num(c.Fills) }),
		col("waits", Numeric, func(c *CacheRow) Cell { return num(c.Waits) }),
		col("abandoned", Numeric, func(c *CacheRow) Cell { return num(c.Abandoned) }),
		col("too_large", Numeric, func(c *CacheRow) Cell { return num(c.TooLarge) }),
		dropped("written", "written"), dropped("expired", "expired"), dropped("evicted", "evicted"),
		dropped("flushed", "flushed"), dropped("ddl", "ddl"), dropped("failover", "failover"), dropped("missed", "missed"),
		col("entries", Int8, func(c *CacheRow) Cell { return known(c.Entries, true) }),
		col("bytes", Int8, func(c *CacheRow) Cell { return known(c.Bytes, true) }),
		col("memory", Int8, func(c *CacheRow) Cell { return known(c.Memory, true) }),
		col("elsewhere", Text, func(c *CacheRow) Cell { return text(c.Elsewhere) }),
	}, func(s *Snapshot) []CacheRow {
		return sorted(s.Cache, func(a, b CacheRow) int {
			return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Rule, b.Rule))
		})
	})
	_ = register("cache_tables", []field[CacheTableRow]{
		col("cluster", Text, func(c *CacheTableRow) Cell { return text(c.Cluster) }),
		col("table", Text, func(c *CacheTableRow) Cell { return text(c.Table) }),
		col("entries", Int4, func(c *CacheTableRow) Cell { return i4(c.Entries) }),
		col("bytes", Int8, func(c *CacheTableRow) Cell { return known(c.Bytes, true) }),
	}, func(s *Snapshot) []CacheTableRow {
		return sorted(s.CacheTables, func(a, b CacheTableRow) int {
			return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Table, b.Table))
		})
	})
)
