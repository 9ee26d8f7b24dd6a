package httpproxy

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
)

// site is the Settings of one listener made ready. Immutable.
type site struct {
	Settings
	table  *table
	routes map[string]*route
}

// route is a Route made ready.
type route struct {
	Route
	rule    *rule
	shares  []*share
	weight  int               // of all shares
	around  http.RoundTripper // what Around put before the pool; nil is nothing
	limiter *limiter
}

// newSite makes ready what a listener does next. What old has counted against
// limits that stay the same is kept.
func newSite(set Settings, old *site) (*site, error) {
	set.Limits = set.Limits.withDefaults()
	if len(set.Key) == 0 {
		set.Key = processKey
	}
	si := &site{Settings: set, routes: make(map[string]*route)}
	var rs []*route
	for _, r := range set.Routes {
		if si.routes[r.Name] != nil {
			return nil, fmt.Errorf("route %q: twice in one listener", r.Name)
		}
		var before *route
		if old != nil {
			before = old.routes[r.Name]
		}
		ro, err := newRoute(r, set, before)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", r.Name, err)
		}
		si.routes[r.Name] = ro
		rs = append(rs, ro)
	}
	si.table = newTable(rs)
	return si, nil
}

func newRoute(r Route, set Settings, old *route) (*route, error) {
	r.Retry = r.Retry.withDefaults()
	r.Wait = or(r.Wait, defaultWait)
	r.BodyBytes = or(r.BodyBytes, set.Limits.BodyBytes)
	if r.Sticky != nil {
		r.Sticky = &Sticky{or(r.Sticky.Cookie, "LB"), r.Sticky.Pool, r.Sticky.MaxAge}
	}
	if r.Mirror != nil {
		if r.Mirror.Pool == nil {
			return nil, errors.New("a mirror without a pool")
		}
		r.Mirror = &Mirror{r.Mirror.Pool, or(r.Mirror.Percent, 100), or(r.Mirror.Body, 64<<10)}
	}
	ro := &route{Route: r}
	var err error
	if ro.rule, err = newRule(r.Match); err != nil {
		return nil, err
	}
	if err := ro.Rewrite.check(ro.rule); err != nil {
		return nil, err
	}
	for _, sh := range r.To {
		if sh.Pool == nil || sh.Weight < 0 {
			return nil, errors.New("a share without a pool, or with a negative weight")
		}
		ro.shares = append(ro.shares, &share{Share: sh, sticky: r.Sticky, key: set.Key, own: mac(set.Key, sh.Pool.Name, "")})
		ro.weight += sh.Weight
	}
	switch {
	case r.Redirect == nil && ro.weight == 0:
		return nil, errors.New("no pool of a weight above 0 and no redirect")
	case r.Redirect != nil && len(r.To) > 0:
		return nil, errors.New("a redirect needs no pool")
	}
	ro.limiter = keptLimiter(r.Rate, old)
	if r.Around != nil {
		ro.around = r.Around(behind{})
	}
	return ro, nil
}

// keptLimiter goes on with what the route has counted, if its rate is the same.
func keptLimiter(r *Rate, old *route) *limiter {
	switch {
	case r == nil:
		return nil
	case old != nil && old.Rate != nil && *old.Rate == *r:
		return old.limiter
	}
	return newLimiter(*r)
}

// mirrors says whether any route does.
func (si *site) mirrors() bool {
	for _, r := range si.routes {
		if r.Mirror != nil {
			return true
		}
	}
	return false
}

// processKey is for cookies where none is configured: they last as long as the
// process.
var processKey = func() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, as its documentation says
	return key
}()
