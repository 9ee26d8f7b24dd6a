package cache

import (
	"cmp"
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// store is a part of the entries, by hash of the key.
type store struct {
	cache   *Cache
	mu      sync.Mutex
	entries *simplelru.LRU[string, *Entry] // least recently used first
	flights map[string]*flight
	_       [40]byte // keeps the next store's lock off this one's cache line
}

func (s *store) init(c *Cache) {
	lru, err := simplelru.NewLRU[string, *Entry](math.MaxInt32, nil) // bounded in bytes, by us
	if err != nil {
		panic(err) // only for sizes below 1
	}
	s.cache, s.entries, s.flights = c, lru, map[string]*flight{}
}

// put stores e for which room was reserved, in place of what was there. The
// store's mutex is held.
func (s *store) put(e *Entry) {
	if old, ok := s.entries.Peek(e.key); ok {
		s.forget(old)
	}
	s.entries.Add(e.key, e)
	e.rule.bytes.Add(e.size())
	e.rule.entries.Add(1)
}

// drop takes e out. The mutex is held.
func (s *store) drop(e *Entry, why Cause) {
	s.entries.Remove(e.key)
	s.forget(e)
	e.rule.dropped[why].Add(1)
}

// forget gives back what e counted.
func (s *store) forget(e *Entry) {
	size := e.size()
	e.rule.bytes.Add(-size)
	e.rule.entries.Add(-1)
	s.cache.bytes.Add(-size)
}

func (s *store) dropIf(why Cause, is func(*Entry) bool) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.entries.Keys() {
		if e, ok := s.entries.Peek(key); ok && is(e) {
			s.drop(e, why)
			dropped++
		}
	}
	return dropped
}

func (s *store) each(f func(*Entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries.Values() {
		f(e)
	}
}

// evict drops the entry of this store that was used longest ago.
func (s *store) evict() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, e, ok := s.entries.GetOldest()
	if ok {
		s.drop(e, Evicted)
	}
	return ok
}

// reserve makes room for size bytes and counts them, or says that there is
// none: it is never exceeded, not even for a moment. The stores give way in
// turns, so what goes is nearly what was used longest ago.
func (c *Cache) reserve(size int64) bool {
	limit := c.limit.Load()
	if size > limit {
		return false
	}
	for empty := 0; ; {
		used := c.bytes.Load()
		if used+size <= limit {
			if size == 0 || c.bytes.CompareAndSwap(used, used+size) {
				return true
			}
			continue
		}
		if c.stores[c.hand.Add(1)&(shards-1)].evict() {
			empty = 0
		} else if empty++; empty > shards {
			return false // all that is counted is about to be stored by others
		}
	}
}

func compare(a, b string) int { return cmp.Compare(a, b) }
