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
	dropped, _ = c.dropIf(func(e *entry) bool { return strings.HasPrefix(e.uri, prefix) })
	return dropped
}

// PurgeAll drops everything.
func (c *Cache) PurgeAll() (dropped int) { return c.PurgePrefix("") }

// Purge drops what the view has kept of the URIs that is holds for, and what is
// under way to be kept; of all with nil. It reports how many entries went, and
// their bytes with overhead. Bytes that are being sent are free when they are
// sent.
func (v *View) Purge(is func(uri string) bool) (dropped int, bytes int64) {
	return v.cache.dropIf(func(e *entry) bool { return e.view == v && (is == nil || is(e.uri)) })
}

// Under holds for the URIs that begin as prefix does, an absolute URI as people
// write it: "http://example.org" is all of that host and port, and
// "http://example.org/img" also "/images".
func Under(prefix string) (is func(uri string) bool, err error) {
	key, err := keyOf(prefix)
	if err != nil {
		return nil, err
	}
	return func(uri string) bool { return strings.HasPrefix(uri, key) }, nil
}

// OnHost holds for the URIs of a host, in any case: of all its ports and
// schemes, or of one port as clients name it.
func OnHost(host string) (is func(uri string) bool) {
	return func(uri string) bool {
		_, rest, _ := strings.Cut(uri, "://")
		at := rest[:max(strings.IndexAny(rest, "/?"), 0)]
		if strings.EqualFold(at, host) {
			return true
		}
		port := strings.LastIndexByte(at, ':')
		return port > strings.LastIndexByte(at, ']') && strings.EqualFold(at[:port], host)
	}
}

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
// for which it would hold not be kept. bytes is what the entries counted.
func (c *Cache) dropIf(is func(*entry) bool) (dropped int, bytes int64) {
	for i := range c.stores {
		n, size := c.stores[i].dropIf(is)
		dropped, bytes = dropped+n, bytes+size
	}
	return dropped, bytes
}

func (s *store) dropIf(is func(*entry) bool) (dropped int, bytes int64) {
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
				dropped, bytes = dropped+1, bytes+e.cost+e.body.cost
			}
		}
	}
	return dropped, bytes
}
