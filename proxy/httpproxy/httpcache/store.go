package httpcache

import (
	"math"
	"net/http"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxVariants is how many responses one URI may have: what a client can
// choose, by its request fields, must not grow without a limit.
const maxVariants = 16

// resource is all that is kept of one URI.
type resource struct {
	uri      string
	variants []*entry // the last one stored stands last
	// loose is until when requests for it do not wait for each other: the last
	// answer that many waited for was for one only.
	loose time.Time
	cost  int64 // of the mark, in bytes, where there is one
}

// store is a part of the resources, by hash of the URI.
type store struct {
	cache     *Cache
	mu        sync.Mutex
	resources *simplelru.LRU[string, *resource] // least recently used first
	flights   map[string][]*flight              // by URI: what is under way
	_         [40]byte                          // keeps the next store's lock off this one's cache line
}

func (s *store) init(c *Cache) {
	lru, err := simplelru.NewLRU[string, *resource](math.MaxInt32, nil) // bounded in bytes, by us
	if err != nil {
		panic(err) // only for sizes below 1
	}
	s.cache, s.resources, s.flights = c, lru, map[string][]*flight{}
}

// find is the stored response for a request, with a hold on its body: of
// several, the most recent (RFC 9111, 4). It does not allocate.
func (s *store) find(key []byte, v *View, request http.Header) (e *entry, loose time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources.Get(unsafe.String(unsafe.SliceData(key), len(key))) // which does not keep it
	if !ok {
		return nil, time.Time{}
	}
	if e = r.best(v, request); e != nil {
		e.body.hold()
	}
	return e, r.loose
}

func (r *resource) best(v *View, request http.Header) (best *entry) {
	for _, e := range r.variants {
		if e.suits(v, request) && (best == nil || !e.date.Before(best.date)) {
			best = e
		}
	}
	return best
}

// varyNames are the fields by which the view's stored responses were chosen.
func (r *resource) varyNames(v *View) (names []string) {
	for _, e := range r.variants {
		for _, s := range e.vary {
			if e.view == v && !slices.Contains(names, s.name) {
				names = append(names, s.name)
			}
		}
	}
	return names
}

// refresh gives the right to validate e while it is used to one at a time.
func (s *store) refresh(e *entry) (mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine, e.refreshing = !e.refreshing, true
	return mine
}

// put stores e, for which room was reserved and whose body is held for it, in
// place of those that the same requests would get. The mutex is held.
func (s *store) put(e *entry) {
	r := s.resource(e.uri)
	r.variants = append(r.variants, e)
	for _, old := range slices.Clone(r.variants) {
		if old != e && old.view == e.view && slices.Equal(old.vary, e.vary) {
			s.forget(r, old)
		}
	}
	if len(r.variants) > maxVariants {
		r.variants[0].view.counts.evictions.Add(1)
		s.forget(r, r.variants[0])
	}
	e.view.counts.entries.Add(1)
	e.view.counts.bytes.Add(e.cost + e.body.cost)
}

func (s *store) resource(uri string) *resource {
	r, ok := s.resources.Get(uri)
	if !ok {
		r = &resource{uri: uri}
		s.resources.Add(uri, r)
	}
	return r
}

// forget takes one variant out. The mutex is held.
func (s *store) forget(r *resource, e *entry) {
	i := slices.Index(r.variants, e)
	if i < 0 {
		return
	}
	r.variants = slices.Delete(r.variants, i, i+1)
	e.view.counts.entries.Add(-1)
	e.view.counts.bytes.Add(-e.cost - e.body.cost)
	s.cache.bytes.Add(-e.cost)
	e.body.release()
	if len(r.variants) == 0 && r.cost == 0 {
		s.resources.Remove(r.uri)
	}
}

// remove takes e out, and what took its place meanwhile: the server says
// something else now.
func (s *store) remove(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources.Peek(e.uri)
	if !ok {
		return
	}
	for _, other := range slices.Clone(r.variants) {
		if other.view == e.view && (other.body == e.body || slices.Equal(other.vary, e.vary)) {
			s.forget(r, other)
		}
	}
}

// drop takes a resource out. The mutex is held.
func (s *store) drop(r *resource) (dropped int) {
	dropped = len(r.variants)
	s.cache.bytes.Add(-r.cost)
	r.cost = 0
	for _, e := range slices.Clone(r.variants) {
		s.forget(r, e)
	}
	s.resources.Remove(r.uri)
	return dropped
}

// loosen notes that requests for uri shall not wait for each other until then.
func (s *store) loosen(uri string, until time.Time) {
	cost := int64(entryOverhead/2 + 2*len(uri))
	if !s.cache.reserve(cost) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.resource(uri)
	if r.loose = until; r.cost != 0 {
		s.cache.bytes.Add(-cost)
		return
	}
	r.cost = cost
}

// evict drops the resource of this store that was used longest ago.
func (s *store) evict() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, r, ok := s.resources.GetOldest()
	if !ok {
		return false
	}
	for _, e := range r.variants {
		e.view.counts.evictions.Add(1)
	}
	s.drop(r)
	return true
}
