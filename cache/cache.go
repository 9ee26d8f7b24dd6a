package cache

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Limits bound a Cache.
type Limits struct {
	Bytes int64 // of all entries, counted overhead included
}

// Lookup says what answer will do.
type Lookup struct {
	Now Instant
	// ValidSince is the last moment at which something that the answer read
	// was written: an entry must be younger.
	ValidSince Instant
	TTL        time.Duration // how old it may be
	// Stale is for how long it is still served after that, while one caller
	// asks anew.
	Stale time.Duration
	// Rule counts it, and has entries of its own: no rule finds another's.
	Rule *Rule
}

// Cache is a set of entries with one byte budget. Safe for concurrent use.
type Cache struct {
	seed   maphash.Seed
	stores [shards]store
	all    budget        // of all stores, and of what is being recorded
	hand   atomic.Uint32 // the store that gives way next

	mu    sync.Mutex // guards rules
	rules []*Rule
}

// shards is how many locks share the entries: cores do not wait for each
// other. A power of two.
const shards = 32

// New makes an empty cache.
func New(l Limits) *Cache {
	c := &Cache{seed: maphash.MakeSeed()}
	for i := range c.stores {
		c.stores[i].cache = c
	}
	c.all.limit.Store(l.Bytes)
	return c
}

// Resize sets the limits anew. What is too much is dropped, longest unused
// first.
func (c *Cache) Resize(l Limits) {
	c.all.limit.Store(l.Bytes)
	c.shrink(nil)
}

func (c *Cache) store(key []byte) *store {
	return &c.stores[maphash.Bytes(c.seed, key)&(shards-1)]
}

// Get finds a valid answer to key. refresh: it is older than its TTL, and this
// caller is the one to ask anew, which Begin allows it. It does not allocate.
func (c *Cache) Get(key []byte, l Lookup) (e *Entry, refresh bool) {
	s := c.store(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.shelf(l.Rule).entries.Get(unsafe.String(unsafe.SliceData(key), len(key))) // which does not keep it
	if !ok {
		l.Rule.misses.Add(1)
		return nil, false
	}
	e.used = l.Now
	age := time.Duration(l.Now - e.AsOf)
	switch {
	case e.AsOf <= l.ValidSince:
		s.drop(e, Written)
	case age > l.TTL+l.Stale:
		s.drop(e, Expired)
	case age > l.TTL:
		refresh, e.refreshing = !e.refreshing, true
		l.Rule.hits.Add(1)
		l.Rule.stale.Add(1)
		return e, refresh
	default:
		l.Rule.hits.Add(1)
		return e, false
	}
	l.Rule.misses.Add(1)
	return nil, false
}

// Flush drops the entries that read one of the tables.
func (c *Cache) Flush(tables ...string) (dropped int) {
	return c.dropIf(Flushed, func(e *Entry) bool {
		return slices.ContainsFunc(tables, func(t string) bool { return slices.Contains(e.Tables, t) })
	})
}

// FlushAll drops all entries.
func (c *Cache) FlushAll(why Cause) (dropped int) {
	return c.dropIf(why, func(*Entry) bool { return true })
}

func (c *Cache) dropIf(why Cause, is func(*Entry) bool) (dropped int) {
	for i := range c.stores {
		dropped += c.stores[i].dropIf(why, is)
	}
	return dropped
}

// Bytes is what all entries and all recordings take now, and how much they may.
func (c *Cache) Bytes() (used, limit int64) { return c.all.used.Load(), c.all.limit.Load() }

// Table is what is kept of answers that read a table.
type Table struct {
	Name    string
	Entries int
	Bytes   int64
}

// Tables lists the tables that entries have read, by name. It looks at all
// entries.
func (c *Cache) Tables() []Table {
	sums := map[string]*Table{}
	for i := range c.stores {
		c.stores[i].each(func(e *Entry) {
			for _, name := range e.Tables {
				t := sums[name]
				if t == nil {
					t = &Table{Name: name}
					sums[name] = t
				}
				t.Entries++
				t.Bytes += e.bytes
			}
		})
	}
	list := make([]Table, 0, len(sums))
	for _, t := range sums {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b Table) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
