package httpcache

import (
	"context"
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Cache keeps responses of all its views under one byte budget. Safe for
// concurrent use.
type Cache struct {
	settings Settings
	clock    func() time.Time
	seed     maphash.Seed
	stores   [shards]store
	bytes    atomic.Int64  // of all that is kept, recorded and being sent
	hand     atomic.Uint32 // the store that gives way next

	ctx     context.Context // ends with the cache
	stop    context.CancelFunc
	mu      sync.Mutex // guards closed and the start of flights
	closed  bool
	flights sync.WaitGroup
}

// shards is how many locks share the resources: cores do not wait for each
// other. A power of two.
const shards = 16

// New makes an empty cache. clock says what time it is; Date and Age are
// counted by it, waiting is not.
func New(s Settings, clock func() time.Time) *Cache {
	c := &Cache{settings: s.withDefaults(), clock: clock, seed: maphash.MakeSeed()}
	c.ctx, c.stop = context.WithCancel(context.Background())
	for i := range c.stores {
		c.stores[i].init(c)
	}
	return c
}

// Close ends what is under way and waits for its end. The transports of the
// views then only pass on.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.flights.Wait()
}

// begin starts f, unless the cache is closed.
func (c *Cache) begin(f *flight) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.flights.Go(f.run)
	return true
}

// View is the part of a cache that one route sees: its rule, its counts, and
// responses of its own, as two routes may ask different servers for one URI.
type View struct {
	cache  *Cache
	rule   Rule
	counts counters
}

// View makes a view with a rule. It is not shared by name: whoever reloads a
// rule makes a new one, and Retire drops what the old one kept.
func (c *Cache) View(r Rule) *View { return &View{cache: c, rule: r} }

// Retire drops what the view has kept.
func (v *View) Retire() (dropped int) {
	dropped, _ = v.Purge(nil)
	return dropped
}

// Wrap puts the view before next, which asks a server. Requests that memory
// answers never reach next; it may be asked in a goroutine of the cache's, and
// by a context that outlives the request's but has its values.
func (v *View) Wrap(next http.RoundTripper) http.RoundTripper { return &transport{v, next} }

// Bytes is what counts against the budget now, and the budget.
func (c *Cache) Bytes() (used, limit int64) { return c.bytes.Load(), c.settings.Bytes }

func (c *Cache) storeOf(key []byte) *store {
	return &c.stores[maphash.Bytes(c.seed, key)&(shards-1)]
}

func (c *Cache) storeOfURI(uri string) *store {
	return &c.stores[maphash.String(c.seed, uri)&(shards-1)]
}

// reserve makes room for size bytes and counts them, or says that there is
// none: the budget is never exceeded, not even for a moment. The stores give
// way in turns, so what goes is nearly what was used longest ago. No store's
// mutex is held.
func (c *Cache) reserve(size int64) bool {
	limit := c.settings.Bytes
	for empty := 0; size <= limit; {
		used := c.bytes.Load()
		if used+size <= limit {
			if c.bytes.CompareAndSwap(used, used+size) {
				return true
			}
			continue
		}
		if c.stores[c.hand.Add(1)&(shards-1)].evict() {
			empty = 0
		} else if empty++; empty > shards {
			return false // all that is counted is being recorded or sent
		}
	}
	return false
}
