package cache

import "sync/atomic"

// Rule counts what became of the statements of one rule. Safe for concurrent
// use; the counts only grow.
type Rule struct {
	Name string

	index                                               int    // of its shelf in each store
	budget                                              budget // of its entries and recordings; no limit but the cache's at first
	hits, stale, misses, fills, waits, abandoned, large atomic.Int64
	dropped                                             [causes]atomic.Int64
	entries                                             atomic.Int64
}

// Counts are a Rule's at one moment.
type Counts struct {
	Rule      string
	Hits      int64 // answered from memory, the stale ones among them
	Stale     int64 // of these, past their TTL while somebody asked anew
	Misses    int64
	Fills     int64 // answers that were stored
	Waits     int64 // times somebody waited for another's fill
	Abandoned int64 // fills that came to nothing: an error, a write meanwhile
	TooLarge  int64
	Dropped   [causes]int64 // by Cause
	Bytes     int64         // now in memory, recordings included
	Limit     int64         // of Bytes; 0: the cache's alone
	Entries   int64
}

// counts reads them.
func (r *Rule) counts() Counts {
	c := Counts{
		Rule: r.Name, Hits: r.hits.Load(), Stale: r.stale.Load(), Misses: r.misses.Load(), Fills: r.fills.Load(),
		Waits: r.waits.Load(), Abandoned: r.abandoned.Load(), TooLarge: r.large.Load(), Bytes: r.budget.used.Load(), Limit: r.budget.limit.Load(), Entries: r.entries.Load(),
	}
	for i := range c.Dropped {
		c.Dropped[i] = r.dropped[i].Load()
	}
	return c
}

// ByHint is the name of the rule of answers that a hint alone had kept.
const ByHint = "(hint)"

// Rule returns the rule of that name, made at the first call: it outlives
// reloads of the configuration.
func (c *Cache) Rule(name string) *Rule {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.rules {
		if r.Name == name {
			return r
		}
	}
	r := &Rule{Name: name, index: len(c.rules)}
	c.rules = append(c.rules, r)
	return r
}

// Cap limits the bytes of one rule's entries and recordings; 0 is no limit but
// the cache's. What is too much is dropped, longest unused first.
func (c *Cache) Cap(r *Rule, bytes int64) {
	r.budget.limit.Store(bytes)
	c.shrink(r)
}

// Counts lists the counts of all rules, in the order of their making.
func (c *Cache) Counts() []Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]Counts, len(c.rules))
	for i, r := range c.rules {
		list[i] = r.counts()
	}
	return list
}
