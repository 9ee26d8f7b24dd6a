package httpcache

import (
	"net/http"
	"slices"
	"strings"
)

// ofTheConnection are fields about one connection, or one proxy, which are
// not kept (RFC 9111, 3.1; RFC 9110, 7.6.1).
var ofTheConnection = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// ofTheBody are fields that describe the bytes of the stored body: those of a
// 304 or of a HEAD say nothing about them (RFC 9111, 3.2).
var ofTheBody = []string{"Content-Encoding", "Content-Length", "Content-Range"}

// ours are fields that this cache sets itself.
var ours = []string{"Age", xCache}

// kept are the fields of a response that are stored. Values are copies, as
// those of a response share memory with all else in its head, and have no
// spare room, so that whoever adds to them makes a copy, too.
func kept(h http.Header, cc *responseControl) http.Header {
	out := make(http.Header, len(h)+2)
	gone := without(h, cc)
	for name, values := range h {
		if !gone(name) {
			list := make([]string, len(values))
			for i, v := range values {
				list[i] = strings.Clone(v)
			}
			out[name] = list
		}
	}
	return out
}

// without says which fields of h are not stored.
func without(h http.Header, cc *responseControl) func(name string) bool {
	var listed []string
	eachMember(h["Connection"], func(m string) { listed = append(listed, http.CanonicalHeaderKey(m)) })
	return func(name string) bool {
		return slices.Contains(ofTheConnection, name) || slices.Contains(ours, name) ||
			slices.Contains(listed, name) || slices.Contains(cc.drop, name)
	}
}

// updated is stored with the fields of a later head about the same body in
// place of its own (RFC 9111, 3.2). A cookie is for the client that was sent
// it.
func updated(stored, later http.Header, cc *responseControl) http.Header {
	out := make(http.Header, len(stored)+2)
	for name, values := range stored {
		if !slices.Contains(cc.drop, name) {
			out[name] = values
		}
	}
	for name, values := range kept(later, cc) {
		if !slices.Contains(ofTheBody, name) && name != "Set-Cookie" {
			out[name] = values
		}
	}
	return out
}

// headOf304 takes the fields away that a 304 has no use for: those about a
// body that is not sent (RFC 9110, 15.4.5).
func headOf304(h http.Header) {
	for _, name := range []string{"Content-Encoding", "Content-Language", "Content-Length", "Content-Range", "Content-Type"} {
		delete(h, name)
	}
}
