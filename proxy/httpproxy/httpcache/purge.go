package httpcache

import "strings"

// Purge drops all that is kept of a URI, and what is under way to be kept. It
// reports how many entries went, and an error for what is no URI.
func (c *Cache) Purge(uri string) (dropped int, err error) {
	key, err := keyOf(uri)
	if err != nil {
		return 0, err
	}
	return c.purgeKey(key), nil
}

// PurgePrefix drops what is kept of all URIs that begin so: scheme, host and
// path as the cache writes them, "http://example.org/img/". It looks at all
// entries.
func (c *Cache) PurgePrefix(prefix string) (dropped int) {
	return c.dropIf(func(e *entry) bool { return strings.HasPrefix(e.uri, prefix) })
}

// PurgeAll drops everything.
func (c *Cache) PurgeAll() (dropped int) { return c.PurgePrefix("") }

func (c *Cache) purgeKey(key string) (dropped int) {
	s := c.storeOfURI(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flights[key] {
		f.spoil()
	}
	r, ok := s.resources.Peek(key)
	if !ok {
		return 0
	}
	for _, e := range r.variants {
		e.view.counts.purged.Add(1)
	}
	return s.drop(r)
}

// dropIf drops the entries of which is holds, and has all that is under way
// for which it would hold not be kept.
func (c *Cache) dropIf(is func(*entry) bool) (dropped int) {
	for i := range c.stores {
		dropped += c.stores[i].dropIf(is)
	}
	return dropped
}

func (s *store) dropIf(is func(*entry) bool) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for uri, flights := range s.flights {
		for _, f := range flights {
			if is(&entry{view: f.view, uri: uri}) {
				f.spoil()
			}
		}
	}
	for _, uri := range s.resources.Keys() {
		r, ok := s.resources.Peek(uri)
		if !ok {
			continue
		}
		for _, e := range append([]*entry(nil), r.variants...) {
			if is(e) {
				s.forget(r, e)
				e.view.counts.purged.Add(1)
				dropped++
			}
		}
	}
	return dropped
}
