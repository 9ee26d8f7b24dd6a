package httpproxy

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// outgoing is a request on its way to servers. Nothing in it is the client's
// own, but for what nobody writes to.
type outgoing struct {
	request http.Request
	url     url.URL
	header  http.Header // the request's; room for the next one's
	origin  [3]string   // values that tellOrigin writes
}

// begin makes it a copy of the client's request, without its fields.
func (o *outgoing) begin(in *http.Request) *http.Request {
	if o.header == nil {
		o.header = make(http.Header, len(in.Header)+4)
	}
	o.request, o.url = *in, *in.URL
	o.request.URL, o.request.Header, o.request.Close = &o.url, o.header, false
	return &o.request
}

var noAgent = []string{""}

// outgoing makes the request that servers get: what concerns only the client's
// hop is left out, what servers are to know of the client is put in.
func (v *visit) outgoing() (*http.Request, *refusal) {
	in := v.in
	upgrade := upgradeOf(in.Header)
	if !printable(upgrade) {
		return nil, &refusal{400, "an upgrade to a protocol whose name makes no sense"}
	}
	out := v.sent.begin(in)
	for name, values := range in.Header {
		if !saysWhoAsks(name) {
			out.Header[name] = values[:len(values):len(values)]
		}
	}
	removeHopByHop(out.Header)
	if listed(in.Header["Te"], "trailers") {
		out.Header["Te"] = []string{"trailers"}
	}
	if upgrade != "" {
		out.Header["Connection"], out.Header["Upgrade"] = []string{"Upgrade"}, []string{upgrade}
	}
	if in.ContentLength == 0 || in.Body == http.NoBody {
		out.Body, out.ContentLength = nil, 0
	}
	v.tellOrigin(out)
	v.route.Rewrite.request(out, v.route.rule)
	if _, given := out.Header["User-Agent"]; !given {
		out.Header["User-Agent"] = noAgent[:1:1] // or net/http tells its own
	}
	if v.route.Mirror != nil {
		v.shadow = out.Clone(context.Background())
	}
	return out, nil
}

// saysWhoAsks says whether tellOrigin alone writes the field.
func saysWhoAsks(name string) bool {
	switch name {
	case "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return true
	}
	return false
}

// hopFields are of one connection only (RFC 9110, 7.6.1), whether Connection
// lists them or not.
var hopFields = [...]string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// removeHopByHop takes out what concerns only one connection.
func removeHopByHop(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name = strings.Trim(name, " \t"); name != "" {
				h.Del(name)
			}
		}
	}
	for _, name := range hopFields {
		delete(h, name)
	}
}

// upgradeOf is the protocol that a head wants to change to, or "".
func upgradeOf(h http.Header) string {
	if !listed(h["Connection"], "upgrade") {
		return ""
	}
	return h.Get("Upgrade")
}

// printable says whether all of s is ASCII that can be printed.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// addFields adds to dst what src has; values that are dst's alone stay src's
// memory.
func addFields(dst, src http.Header) {
	for name, values := range src {
		if had, ok := dst[name]; ok {
			values = append(had[:len(had):len(had)], values...)
		}
		dst[name] = values
	}
}
