package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// seconds is the argument of a directive that has a time, or one of the two
// below.
type seconds int64

const (
	absent  seconds = -1
	invalid seconds = -2 // to be taken as the least it could have meant
	// most is what larger ones count as (RFC 9111, 1.2.2).
	most seconds = 1 << 31
)

func (s seconds) duration() time.Duration { return time.Duration(max(s, 0)) * time.Second }

// parseSeconds reads delta-seconds (RFC 9111, 1.2.2).
func parseSeconds(s string) seconds {
	if s == "" {
		return invalid
	}
	n := seconds(0)
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return invalid
		}
		n = min(n*10+seconds(s[i]-'0'), most)
	}
	return n
}

// set takes in one more occurrence: two that differ are invalid (RFC 9111,
// 4.2.1 leaves the choice between the first and considering it stale).
func (s *seconds) set(arg string, kind argument) {
	n := invalid
	if kind == given {
		n = parseSeconds(arg)
	}
	if *s != absent && *s != n {
		n = invalid
	}
	*s = n
}

// responseControl is what a response's Cache-Control says (RFC 9111, 5.2.2 and
// RFC 5861). "immutable" (RFC 8246) is advice to clients that reload, and
// "no-transform" nothing to a cache that does not transform: they have no
// place here.
type responseControl struct {
	noStore, noCache, private, public               bool
	mustRevalidate, proxyRevalidate, mustUnderstand bool
	// drop are the fields that no-cache="..." and private="..." name: they
	// are not kept. For no-cache that is more than the standard asks, and
	// spares a validation.
	drop                                      []string
	maxAge, sMaxAge, staleWhile, staleIfError seconds
}

func parseResponseControl(h http.Header) (cc responseControl) {
	cc.maxAge, cc.sMaxAge, cc.staleWhile, cc.staleIfError = absent, absent, absent, absent
	eachDirective(h["Cache-Control"], func(name, arg string, kind argument) {
		switch name {
		case "no-store":
			cc.noStore = true
		case "no-cache":
			cc.noCache = cc.fields(arg, kind) || cc.noCache
		case "private":
			cc.private = cc.fields(arg, kind) || cc.private
		case "public":
			cc.public = kind == bare
		case "must-revalidate":
			cc.mustRevalidate = true
		case "proxy-revalidate":
			cc.proxyRevalidate = true
		case "must-understand":
			cc.mustUnderstand = true
		case "max-age":
			cc.maxAge.set(arg, kind)
		case "s-maxage":
			cc.sMaxAge.set(arg, kind)
		case "stale-while-revalidate":
			cc.staleWhile.set(arg, kind)
		case "stale-if-error":
			cc.staleIfError.set(arg, kind)
		}
	})
	return cc
}

// fields takes in the names that a directive is limited to. whole: it names
// none, so it holds for the response.
func (cc *responseControl) fields(arg string, kind argument) (whole bool) {
	if kind != given {
		return true
	}
	whole = true
	for name := range strings.SplitSeq(arg, ",") {
		if name = strings.Trim(name, " \t"); name == "" {
			continue
		}
		if tok, rest := token(name); tok == "" || rest != "" {
			return true
		}
		cc.drop = append(cc.drop, http.CanonicalHeaderKey(name))
		whole = false
	}
	return whole
}

// forbidsStale: it must not be used once it is stale unless it was validated
// (RFC 9111, 4.2.4 and 5.2.2.10).
func (cc *responseControl) forbidsStale() bool {
	return cc.mustRevalidate || cc.proxyRevalidate || cc.noCache || cc.sMaxAge != absent
}

// requestControl is what a request's Cache-Control, or Pragma, says (RFC 9111,
// 5.2.1 and 5.4).
type requestControl struct {
	noStore, noCache, onlyIfCached, anyStale bool
	maxAge, minFresh, maxStale, staleIfError seconds
	// plain: nothing of it, so that this request may wait for the answer to
	// another.
	plain bool
}

var plainRequest = requestControl{maxAge: absent, minFresh: absent, maxStale: absent, staleIfError: absent, plain: true}

func parseRequestControl(h http.Header) requestControl {
	rc := plainRequest
	lines, ok := h["Cache-Control"]
	if !ok {
		eachDirective(h["Pragma"], func(name, _ string, _ argument) {
			if name == "no-cache" {
				rc.noCache, rc.plain = true, false
			}
		})
		return rc
	}
	eachDirective(lines, func(name, arg string, kind argument) {
		rc.plain = false
		switch name {
		case "no-store":
			rc.noStore = true
		case "no-cache":
			rc.noCache = true
		case "only-if-cached":
			rc.onlyIfCached = true
		case "max-age":
			rc.maxAge.set(arg, kind)
		case "min-fresh":
			rc.minFresh.set(arg, kind)
		case "max-stale":
			if kind == bare {
				rc.anyStale = true
			} else {
				rc.maxStale.set(arg, kind)
			}
		case "stale-if-error":
			rc.staleIfError.set(arg, kind)
		}
	})
	if rc.maxAge == invalid {
		rc.maxAge = 0
	}
	return rc
}
