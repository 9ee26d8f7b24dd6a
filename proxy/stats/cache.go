package stats

// CacheRow is what became of the statements of one rule of a cluster's cache.
// The counts only grow.
type CacheRow struct {
	Cluster, Rule string
	Entries       int64 // kept now
	Bytes         int64
	Memory        int64 // the limit that all rules of the cluster share, in bytes

	Hits      int64 // answered from memory, the stale ones among them
	Stale     int64 // of these, past their ttl while somebody asked anew
	Misses    int64
	Fills     int64 // answers that were stored
	Waits     int64 // times that somebody waited for another's answer
	Abandoned int64 // fills that came to nothing: an error, or a write meanwhile
	TooLarge  int64 // answers beyond max_entry

	// Dropped are the entries that are gone, by cause: written, expired,
	// evicted, flushed, ddl, failover, missed.
	Dropped map[string]int64
	// Elsewhere is how writes are noticed that do not go through this wye:
	// "ttl", "wal", or why the log is not read at this moment.
	Elsewhere string
}

// HitRatio is the part of the look-ups that memory answered, in percent.
func (c *CacheRow) HitRatio() (percent int64, known bool) {
	all := c.Hits + c.Misses
	if all == 0 {
		return 0, false
	}
	return 100 * c.Hits / all, true
}

// CacheTableRow is what is kept of answers that read one table.
type CacheTableRow struct {
	Cluster, Table string
	Entries        int
	Bytes          int64
}
