package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// validator of a stored response (RFC 9110, 8.8). Either may be empty.
type validator struct{ etag, modified string }

func validatorOf(h http.Header) validator {
	return validator{h.Get("Etag"), h.Get("Last-Modified")}
}

func (v validator) empty() bool { return v == validator{} }

// ask makes a request's conditions those of the validator (RFC 9111, 4.3.1).
// Range goes: what is wanted is whether the whole is still good, and if not,
// the new one.
func (v validator) ask(h http.Header) {
	withoutConditions(h)
	if v.etag != "" {
		h.Set("If-None-Match", v.etag)
	}
	if v.modified != "" {
		h.Set("If-Modified-Since", v.modified)
	}
}

func withoutConditions(h http.Header) {
	h.Del("If-None-Match")
	h.Del("If-Modified-Since")
	h.Del("If-Range")
	h.Del("Range")
}

// confirmedBy: a 304 with this head is about the response with the validator,
// not about another one that the server would choose (RFC 9111, 4.3.4). One
// that names none answers the condition that was asked.
func (v validator) confirmedBy(h http.Header) bool {
	if tag := h.Get("Etag"); tag != "" && v.etag != "" {
		return sameTag(tag, v.etag)
	}
	if m := h.Get("Last-Modified"); m != "" && v.modified != "" && v.etag == "" {
		return m == v.modified
	}
	return true
}

// sameTag is weak comparison, strongTag strong (RFC 9110, 8.8.3.2).
func sameTag(a, b string) bool { return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/") }

func strongTag(a, b string) bool { return a == b && strings.HasPrefix(a, `"`) }

// conditional: the request has conditions that a cache evaluates.
func conditional(h http.Header) bool {
	return h["If-None-Match"] != nil || h["If-Modified-Since"] != nil
}

// forServersOnly: it has conditions that only the server evaluates (RFC 9111,
// 4.3.2).
func forServersOnly(h http.Header) bool {
	return h["If-Match"] != nil || h["If-Unmodified-Since"] != nil
}

// unmodified reports whether the request's conditions say that the client has
// this response already (RFC 9111, 4.3.2; RFC 9110, 13.2.2).
func unmodified(request, stored http.Header, answered time.Time) bool {
	if lines := request["If-None-Match"]; lines != nil {
		return noneMatch(lines, stored.Get("Etag"))
	}
	since, ok := oneDate(request["If-Modified-Since"])
	if !ok {
		return false
	}
	changed := answered
	for _, name := range []string{"Date", "Last-Modified"} {
		if t, ok := oneDate(stored[name]); ok {
			changed = t
		}
	}
	return !changed.After(since)
}

// noneMatch: a tag of the list, or "*", is the stored one.
func noneMatch(lines []string, etag string) (found bool) {
	eachMember(lines, func(tag string) {
		found = found || tag == "*" || etag != "" && sameTag(tag, etag)
	})
	return found
}

// rangeStillGood: If-Range, if there is one, lets a range of the stored
// response be sent (RFC 9110, 13.1.5): the tag is strong and equal, or the date
// is Last-Modified to the letter and the response was a second or more older
// than when it was sent (8.8.2.2).
func rangeStillGood(request, stored http.Header) bool {
	lines := request["If-Range"]
	if len(lines) == 0 {
		return true
	}
	cond := lines[0]
	if len(lines) > 1 || cond == "" {
		return false
	}
	if strings.HasPrefix(cond, `"`) || strings.HasPrefix(cond, "W/") {
		return strongTag(cond, stored.Get("Etag"))
	}
	modified, ok := oneDate(stored["Last-Modified"])
	date, dated := oneDate(stored["Date"])
	return ok && dated && cond == stored.Get("Last-Modified") && date.Sub(modified) >= time.Second
}
