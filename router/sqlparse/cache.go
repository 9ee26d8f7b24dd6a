package sqlparse

import (
	"math"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// shard is one part of the plan cache, with the texts of that part that are
// being read at the moment.
type shard struct {
	mu      sync.Mutex
	plans   *simplelru.LRU[string, *entry]
	bytes   int64
	max     int64
	flights map[string]*flight

	hits, misses uint64
	_            [64]byte // keep two shards' locks apart
}

// entry is what is known under one key. Without a Statement, the key is a
// skeleton whose literals matter: look under the whole text.
type entry struct {
	st   *Statement
	cost int64
}

// flight is one text being read while others wait for the answer.
type flight struct {
	key      string // in its shard's flights; "" for a text that is not to be kept
	skeleton []byte // nil if the answer shall not be kept under it
	whole    []byte // the exact key
	sql      []byte // the first caller's, who waits as well

	done chan struct{} // closed when the verdict is there
	verdict
}

// entryOverhead is what the maps and lists around an entry take, in bytes.
const entryOverhead = 200

// maxKept is the longest key worth keeping.
const maxKept = 64 << 10

func newShard(maxBytes int64) *shard {
	s := &shard{max: maxBytes, flights: map[string]*flight{}}
	// The only error is a size below 1.
	s.plans, _ = simplelru.NewLRU(math.MaxInt, func(key string, e *entry) { s.bytes -= e.cost })
	return s
}

// get looks key up. The key is not kept.
func (s *shard) get(key string) (*entry, bool) {
	s.mu.Lock()
	e, ok := s.plans.Get(key)
	if ok && e.st != nil {
		s.hits++
	}
	s.mu.Unlock()
	return e, ok
}

// put keeps st under key, and drops the least recently used to make room.
func (s *shard) put(key string, st *Statement) {
	e := &entry{st: st, cost: int64(len(key)) + entryOverhead}
	if st != nil {
		e.cost += int64(st.size())
	}
	if len(key) > maxKept || e.cost > s.max {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans.Remove(key)
	s.plans.Add(key, e)
	for s.bytes += e.cost; s.bytes > s.max; {
		s.plans.RemoveOldest()
	}
}

// landed is the done of a flight that never took off.
var landed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// join returns the flight for f's key: another's, or f itself. Between the
// caller's look at the cache and now, another may have come and gone: then
// what it left is the answer, as a flight that has landed.
func (s *shard) join(f *flight) *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.plans.Get(f.key); ok {
		return &flight{done: landed, verdict: verdict{e.st, e.st == nil}}
	}
	if other, ok := s.flights[f.key]; ok {
		return other
	}
	s.flights[f.key] = f
	s.misses++
	return f
}

func (s *shard) land(f *flight) {
	s.mu.Lock()
	delete(s.flights, f.key)
	s.mu.Unlock()
}
