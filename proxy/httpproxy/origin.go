package httpproxy

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxHops is how many addresses of X-Forwarded-For are looked at.
const maxHops = 16

// addrOf is the address of "host:port", zero if it has none (a Unix socket).
func addrOf(hostport string) netip.Addr {
	ap, _ := netip.ParseAddrPort(hostport)
	return ap.Addr().Unmap()
}

// textOf is an address's text; of IPv4 it is a part of "host:port".
func textOf(a netip.Addr, hostport string) string {
	if host, _, _ := strings.Cut(hostport, ":"); a.Is4() && host != "" && host[0] != '[' {
		return host
	}
	return a.String()
}

func trusts(trusted []netip.Prefix, a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// clientOf is who a request is from: the peer, or, as long as that is trusted,
// whom it says it had it from.
func clientOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client := addrOf(r.RemoteAddr)
	if !trusts(trusted, client) {
		return client
	}
	said := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for range maxHops {
		i := strings.LastIndexByte(said, ',')
		a, err := netip.ParseAddr(strings.TrimSpace(said[i+1:]))
		if err != nil {
			return client
		}
		client = a.Unmap()
		if i < 0 || !trusts(trusted, client) {
			return client
		}
		said = said[:i]
	}
	return client
}

// tellOrigin writes what servers learn of the client. What a peer says that is
// not trusted has been left out (outgoing does it); what a trusted one says is kept and added to.
func (v *visit) tellOrigin(out *http.Request) {
	in := v.in
	peer := addrOf(in.RemoteAddr)
	chain, proto, host := "", "http", in.Host
	if in.TLS != nil {
		proto = "https"
	}
	element := ""
	if v.site.Forwarded || len(in.Header["Forwarded"]) > 0 {
		element = forwardedElement(peer, proto, host)
	}
	if trusts(v.site.Trusted, peer) {
		chain = strings.Join(in.Header.Values("X-Forwarded-For"), ", ")
		proto = or(in.Header.Get("X-Forwarded-Proto"), proto)
		host = or(in.Header.Get("X-Forwarded-Host"), host)
		if said := in.Header.Values("Forwarded"); len(said) > 0 {
			out.Header.Set("Forwarded", strings.Join(said, ", ")+", "+element)
		}
	}
	if peer.IsValid() {
		if chain != "" {
			chain += ", "
		}
		chain += textOf(peer, in.RemoteAddr)
	}
	v.sent.origin = [...]string{chain, proto, host}
	values := v.sent.origin[:]
	if chain != "" {
		out.Header["X-Forwarded-For"] = values[0:1:1]
	}
	out.Header["X-Forwarded-Proto"] = values[1:2:2]
	out.Header["X-Forwarded-Host"] = values[2:3:3]
	if v.site.Forwarded && out.Header.Get("Forwarded") == "" {
		out.Header.Set("Forwarded", element)
	}
}

// forwardedElement is one hop in RFC 7239's words.
func forwardedElement(peer netip.Addr, proto, host string) string {
	who := "unknown"
	switch {
	case peer.Is4():
		who = peer.String()
	case peer.IsValid():
		who = `"[` + peer.String() + `]"`
	}
	return "for=" + who + `;host="` + strings.ReplaceAll(host, `"`, "") + `";proto=` + proto
}

// secure says whether the client came over TLS, as far as is known.
func (v *visit) secure() bool {
	if v.in.TLS != nil {
		return true
	}
	return trusts(v.site.Trusted, addrOf(v.in.RemoteAddr)) && v.in.Header.Get("X-Forwarded-Proto") == "https"
}
