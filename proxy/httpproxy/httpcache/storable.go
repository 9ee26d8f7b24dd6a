package httpcache

import (
	"net/http"
	"slices"
	"time"
)

// understood are the status codes whose rules of caching this cache follows:
// what "must-understand" asks for (RFC 9111, 5.2.2.3).
var understood = []int{200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 421, 451, 500, 501, 502, 503, 504}

// cacheableByDefault are the status codes that may be kept without the
// response saying for how long (RFC 9110, 15.1), less 206, of which none is
// kept.
func cacheableByDefault(status int) bool {
	return slices.Contains([]int{200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}, status)
}

// answerTo is what of a request decides whether its response may be kept.
type answerTo struct {
	authorized bool // it had an Authorization field
}

// storable says whether the response to a GET may be kept, and for how long it
// is fresh (RFC 9111, 3). h is the head as it came.
func storable(status int, h http.Header, cc *responseControl, to answerTo, r *Rule) (fresh time.Duration, ok bool) {
	known := slices.Contains(understood, status)
	switch {
	case status < 200, status == http.StatusPartialContent, status == http.StatusNotModified,
		status == http.StatusRequestedRangeNotSatisfiable:
		return 0, false // parts of something, or about a condition of that one client
	case cc.mustUnderstand && !known:
		return 0, false
	case cc.noStore && !cc.mustUnderstand, cc.private:
		return 0, false
	case to.authorized && !cc.public && !cc.mustRevalidate && cc.sMaxAge == absent: // 3.5
		return 0, false
	case varyAny(h["Vary"]):
		return 0, false // no request ever matches (4.1)
	case cookieForOne(h, cc):
		return 0, false
	}
	d, explicit := lifetime(status, h, cc, r)
	checkable := h.Get("Etag") != "" || h.Get("Last-Modified") != ""
	switch {
	case cc.noCache:
		return d, checkable
	case d > 0:
		return d, true
	case !explicit:
		return 0, false
	}
	// It is stale at once: worth keeping if it can be validated, or may be
	// used stale.
	stale := !cc.forbidsStale() && (cc.staleWhile > 0 || cc.staleIfError > 0 || r.StaleWhile > 0 || r.StaleIfError > 0)
	return 0, stale || checkable
}

// cookieForOne: the response sets a cookie, and does not say that it is meant
// for many. RFC 9111, 7.3 leaves that to the server; a shared cache that hands
// one user's session to others is a fault that nobody sees until it is too
// late, so it takes more than a max-age.
func cookieForOne(h http.Header, cc *responseControl) bool {
	if len(h["Set-Cookie"]) == 0 && len(h["Set-Cookie2"]) == 0 || slices.Contains(cc.drop, "Set-Cookie") {
		return false
	}
	return !cc.public && cc.sMaxAge == absent
}
