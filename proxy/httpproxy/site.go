package httpproxy

import (
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
	rule   *rule
	shares []*share
	weight int          // of all shares
	around http.Handler // what Around put before the pool; nil is nothing
}

// newSite makes ready what a listener does next.
func newSite(set Settings) (*site, error) {
	set.Limits = set.Limits.withDefaults()
	si := &site{Settings: set, routes: make(map[string]*route)}
	var rs []*route
	for _, r := range set.Routes {
		if si.routes[r.Name] != nil {
			return nil, fmt.Errorf("route %q: twice in one listener", r.Name)
		}
		ro, err := newRoute(r, set)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", r.Name, err)
		}
		si.routes[r.Name] = ro
		rs = append(rs, ro)
	}
	si.table = newTable(rs)
	return si, nil
}

func newRoute(r Route, set Settings) (*route, error) {
	r.Retry = r.Retry.withDefaults()
	r.Wait = or(r.Wait, defaultWait)
	r.BodyBytes = or(r.BodyBytes, set.Limits.BodyBytes)
	ro := &route{Route: r}
	var err error
	if ro.rule, err = newRule(r.Match); err != nil {
		return nil, err
	}
	for _, sh := range r.To {
		if sh.Pool == nil || sh.Weight < 0 {
			return nil, errors.New("a share without a pool, or with a negative weight")
		}
		ro.shares = append(ro.shares, &share{Share: sh})
		ro.weight += sh.Weight
	}
	if ro.weight == 0 {
		return nil, errors.New("no pool of a weight above 0")
	}
	if r.Around != nil {
		ro.around = r.Around(http.HandlerFunc(forward))
	}
	return ro, nil
}
