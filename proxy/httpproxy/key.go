package httpproxy

import (
	"net/netip"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// KeyOf is what tells requests that belong together.
type KeyOf struct {
	From KeyFrom
	Name string // of the header or cookie
}

// KeyFrom is a source of keys.
type KeyFrom uint8

// The sources. A request without the header or cookie has its address for key.
const (
	ByAddress KeyFrom = iota // the client's, IPv6 by its /64
	ByHeader
	ByCookie
	ByURI // path and query
)

// keyText is a request's key.
func (v *visit) keyText(k KeyOf) string {
	switch k.From {
	case ByHeader:
		if s := v.in.Header.Get(k.Name); s != "" {
			return s
		}
	case ByCookie:
		if c, err := v.in.Cookie(k.Name); err == nil {
			return c.Value
		}
	case ByURI:
		return v.in.URL.RequestURI()
	}
	b := networkOf(v.client).As16()
	return string(b[:])
}

// key is for the policies that choose by one, the same on all proxies, so that
// they agree; nil is for those that do not.
func (v *visit) key(k *KeyOf) uint64 {
	if k == nil {
		return 0
	}
	return upstream.KeyOf(v.keyText(*k))
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
