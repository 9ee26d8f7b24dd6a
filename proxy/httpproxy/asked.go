package httpproxy

import (
	"net/http"
	"net/url"
)

// Asked is the URI that a client asked for, before its route rewrote it: what
// a cache that Route.Around put between keeps responses under. The request is
// one that came to what Around returned. Its scheme is what the client, or a
// trusted proxy before this one, spoke.
func Asked(r *http.Request) *url.URL {
	v, ok := r.Context().Value(visitKey{}).(*visit)
	if !ok {
		return r.URL
	}
	u := *v.in.URL
	u.Scheme, u.Host = "http", v.in.Host
	if v.secure() {
		u.Scheme = "https"
	}
	return &u
}
