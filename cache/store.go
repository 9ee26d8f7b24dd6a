package cache

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// store is a part of the entries, by hash of the key.
type store struct {
	cache   *Cache
	mu      sync.Mutex
	shelves []*shelf // by Rule.index; nil or missing: the rule had nothing here yet
	_       [24]byte // keeps the next store's lock off this one's cache line
}

// shelf is what a store has of one rule.
type shelf struct {
	entries *simplelru.LRU[string, *Entry] // least recently used first
	flights map[string]*flight
}

// shelf is the rule's, made at the first need. The mutex is held.
func (s *store) shelf(r *Rule) *shelf {
	if r.index < len(s.shelves) && s.shelves[r.index] != nil {
		return s.shelves[r.index]
	}
	for len(s.shelves) <= r.index {
		s.shelves = append(s.shelves, nil)
	}
	lru, err := simplelru.NewLRU[string, *Entry](math.MaxInt32, nil) // bounded in bytes, by us
	if err != nil {
		panic(err) // only for sizes below 1
	}
	s.shelves[r.index] = &shelf{lru, map[string]*flight{}}
	return s.shelves[r.index]
}

// put stores e, whose bytes are counted already, in place of what was there.
// The store's mutex is held.
func (s *store) put(e *Entry) {
	entries := s.shelf(e.rule).entries
	if old, ok := entries.Peek(e.key); ok {
		s.forget(old)
	}
	entries.Add(e.key, e)
	e.rule.entries.Add(1)
}

// drop takes e out. The mutex is held.
func (s *store) drop(e *Entry, why Cause) {
	s.shelf(e.rule).entries.Remove(e.key)
	s.forget(e)
	e.rule.dropped[why].Add(1)
}

// forget gives back what e counted.
func (s *store) forget(e *Entry) {
	e.rule.entries.Add(-1)
	s.cache.release(e.rule, e.bytes)
}

func (s *store) dropIf(why Cause, is func(*Entry) bool) (dropped int) {
	s.each(func(e *Entry) {
		if is(e) {
			s.drop(e, why)
			dropped++
		}
	})
	return dropped
}

func (s *store) each(f func(*Entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shelf := range s.shelves {
		if shelf == nil {
			continue
		}
		for _, e := range shelf.entries.Values() {
			f(e)
		}
	}
}

// evict drops the entry of this store that was used longest ago, among all or
// among one rule's.
func (s *store) evict(of *Rule) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest *Entry
	for i, shelf := range s.shelves {
		if shelf == nil || of != nil && of.index != i {
			continue
		}
		if _, e, ok := shelf.entries.GetOldest(); ok && (oldest == nil || e.used < oldest.used) {
			oldest = e
		}
	}
	if oldest == nil {
		return false
	}
	s.drop(oldest, Evicted)
	return true
}
