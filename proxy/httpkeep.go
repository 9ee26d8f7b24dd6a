package proxy

import (
	"net/http"
	"reflect"
	"sync"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/httpproxy"
	"github.com/wyeproxy/wye/proxy/httpproxy/httpcache"
	"github.com/wyeproxy/wye/proxy/stats"
)

// httpKeep is what an http listener keeps of answers: one budget, and a view of
// it for each route with a cache. A reload leaves what is kept of routes that it
// does not change.
type httpKeep struct {
	cache *httpcache.Cache

	mu    sync.Mutex
	views map[string]keptRoute // by the route's name
	next  map[string]keptRoute // of settings on their way into force
}

// keptRoute is a route and its view. Whatever of a route is changed, what it
// was asked for may have another answer now.
type keptRoute struct {
	route config.HTTPRoute
	view  *httpcache.View
}

func newHTTPKeep(memory, entry int64) *httpKeep {
	return &httpKeep{
		cache: httpcache.New(httpcache.Settings{Bytes: memory, MaxEntry: entry}, time.Now),
		views: map[string]keptRoute{}, next: map[string]keptRoute{},
	}
}

// around is the cache of a route, nil where it has none.
func (k *httpKeep) around(c *config.HTTPRoute) func(http.RoundTripper) http.RoundTripper {
	if c.Cache == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kept, known := k.views[c.Name]
	if !known || !reflect.DeepEqual(kept.route, *c) {
		kept = keptRoute{*c, k.cache.View(httpcache.Rule{
			TTL: c.Cache.TTL, Heuristic: c.Cache.Heuristic, StaleWhile: c.Cache.While, StaleIfError: c.Cache.IfError,
			IgnoreClient: c.Cache.Ignore, Target: httpproxy.Asked,
		})}
	}
	k.next[c.Name] = kept
	return kept.view.Wrap
}

// settle ends what around began: the new routes are in force, or not. It drops
// what was kept of routes that are in force no more.
func (k *httpKeep) settle(inForce bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !inForce {
		clear(k.next)
		return
	}
	for name, old := range k.views {
		if k.next[name].view != old.view {
			old.view.Retire()
		}
	}
	k.views, k.next = k.next, map[string]keptRoute{}
}

// inForce are the views of the routes that have one now.
func (k *httpKeep) inForce() map[string]*httpcache.View {
	k.mu.Lock()
	defer k.mu.Unlock()
	views := make(map[string]*httpcache.View, len(k.views))
	for name, kept := range k.views {
		views[name] = kept.view
	}
	return views
}

// rows describes what is kept of each route.
func (k *httpKeep) rows(listener string) (rows []stats.HTTPCacheRow) {
	k.mu.Lock()
	defer k.mu.Unlock()
	used, limit := k.cache.Bytes()
	for name, kept := range k.views {
		c := kept.view.Counts()
		rows = append(rows, stats.HTTPCacheRow{
			Listener: listener, Route: name, Hits: c.Hits, Stale: c.Stale, Misses: c.Misses, Bypass: c.Bypass, Validated: c.Validated,
			Waits: c.Waits, Fills: c.Fills, Abandoned: c.Abandoned, Evictions: c.Evictions, Purged: c.Purged, Entries: c.Entries, Bytes: c.Bytes,
			Used: used, Limit: limit,
		})
	}
	return rows
}
