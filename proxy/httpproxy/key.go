package httpproxy

import "net/netip"

// KeyOf is what a request's hash key is made of, for pools that balance by
// hash.
type KeyOf struct {
	From KeyFrom
	Name string // of the header or cookie
}

// KeyFrom is a source of hash keys.
type KeyFrom uint8

// The sources. A request without the header or cookie has its address for key.
const (
	NoKey     KeyFrom = iota // all requests alike
	ByAddress                // the client's, IPv6 by its /64
	ByHeader
	ByCookie
	ByURI // path and query
)

// key is the request's hash key: the same on all proxies, so that they agree.
func (v *visit) key(k KeyOf) uint64 {
	switch k.From {
	case NoKey:
		return 0
	case ByHeader:
		if s := v.in.Header.Get(k.Name); s != "" {
			return fnv(s)
		}
	case ByCookie:
		if c, err := v.in.Cookie(k.Name); err == nil {
			return fnv(c.Value)
		}
	case ByURI:
		return fnv(v.in.URL.RequestURI())
	}
	b := networkOf(v.client).As16()
	return fnv(string(b[:]))
}

// networkOf is what one client can be expected to hold: an IPv4 address, or a
// /64 of IPv6.
func networkOf(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return a
	}
	p, _ := a.WithZone("").Prefix(64)
	return p.Addr()
}

// fnv is FNV-1a.
func fnv(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
