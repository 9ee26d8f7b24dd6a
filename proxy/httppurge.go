package proxy

import (
	"cmp"
	"slices"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/httpproxy/httpcache"
)

// PurgeHTTP forgets answers that HTTP listeners keep.
func (c *control) PurgeHTTP(p admin.Purge) ([]admin.Purged, error) {
	var is func(uri string) bool
	switch {
	case p.URL != "":
		var err error
		if is, err = httpcache.Under(p.URL); err != nil {
			return nil, pgerror.Newf(pgerror.InvalidParameterValue, "not an absolute URL: %v", err)
		}
	case p.Host != "":
		is = httpcache.OnHost(p.Host)
	}
	any := false
	var freed []admin.Purged
	for _, l := range c.s.listeners {
		if l.kept == nil {
			continue
		}
		name := l.door.Load().Name
		for route, view := range l.kept.inForce() {
			any = true
			if p.Route != "" && (route != p.Route || p.Listener != "" && name != p.Listener) {
				continue
			}
			n, bytes := view.Purge(is)
			freed = append(freed, admin.Purged{Listener: name, Route: route, Entries: n, Bytes: bytes})
		}
	}
	switch {
	case !any:
		return nil, pgerror.New(pgerror.ObjectNotInPrerequisiteStat, "no route has a cache").
			WithHint("Give a route of an http listener a section cache in the configuration.")
	case len(freed) == 0:
		return nil, pgerror.Newf(pgerror.UndefinedObject, `no route "%s" has a cache`, p.Route).WithHint("SHOW HTTP_CACHE has those that have one.")
	}
	slices.SortFunc(freed, func(a, b admin.Purged) int {
		return cmp.Or(cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.Route, b.Route))
	})
	return freed, nil
}
