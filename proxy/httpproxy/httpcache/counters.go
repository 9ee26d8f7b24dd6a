package httpcache

import "sync/atomic"

// Counts are what became of the requests of one view. All but the last two
// only grow.
type Counts struct {
	Hits      int64 // answered from memory, or by the answer to another's request
	Stale     int64 // answered from memory although stale: RFC 5861, max-stale
	Misses    int64 // a server was asked
	Bypass    int64 // not the cache's business: other methods, no-store, upgrades
	Validated int64 // of the misses: the server said 304 to what was stored
	Fills     int64 // responses that were stored
	Abandoned int64 // recordings that came to nothing: too long, truncated, no room, invalidated
	Waits     int64 // times that a request waited for the answer to another
	Evictions int64 // entries that gave way to others
	Purged    int64 // entries dropped by unsafe requests and purges

	Entries int64 // kept now
	Bytes   int64 // of those
}

type counters struct {
	hits, stale, misses, bypass, validated, fills, abandoned, waits, evictions, purged, entries, bytes atomic.Int64
}

// Counts is what is counted until now.
func (v *View) Counts() Counts {
	c := &v.counts
	return Counts{
		Hits: c.hits.Load(), Stale: c.stale.Load(), Misses: c.misses.Load(), Bypass: c.bypass.Load(),
		Validated: c.validated.Load(), Fills: c.fills.Load(), Abandoned: c.abandoned.Load(), Waits: c.waits.Load(),
		Evictions: c.evictions.Load(), Purged: c.purged.Load(), Entries: c.entries.Load(), Bytes: c.bytes.Load(),
	}
}
