package httpcache

import (
	"net/http"
	"time"
)

// entry is a stored response. It is immutable but for refreshing; a newer head
// for the same body makes a new entry.
type entry struct {
	view   *View
	uri    string
	vary   []selecting
	status int
	line   string      // the status line's end
	header http.Header // Age and X-Cache are places for those of an answer; not to be changed
	cc     responseControl
	timing timing
	date   time.Time
	body   *body
	cost   int64 // what was reserved for all but the body, in bytes

	refreshing bool // somebody validates it while it is used; guarded by its store's mutex
}

// What an entry takes beside its bytes: itself, its resource, places in list
// and maps; and each field's place in its header (measured by
// TestOverheadIsCounted).
const (
	entryOverhead = 900
	fieldOverhead = 90
)

// costOf is what an entry counts, in bytes, without its body.
func costOf(uri string, h http.Header, vary []selecting) int64 {
	n := entryOverhead + 2*len(uri)
	for name, values := range h {
		n += fieldOverhead + len(name)
		for _, v := range values {
			n += 16 + len(v)
		}
	}
	for _, s := range vary {
		n += fieldOverhead + len(s.name) + len(s.value)
	}
	return int64(n)
}

// use is what may be done with a stored response for a request.
type use int

const (
	notAsItIs    use = iota // only after validation
	fresh                   // send it
	staleAllowed            // send it, although it is stale: the client said so
	staleRefresh            // send it, and have it validated meanwhile
)

// judge says how the stored response may answer a request that has rc (RFC
// 9111, 4.2, 4.2.4 and 5.2.1; RFC 5861, 3).
func (e *entry) judge(now time.Time, rc *requestControl) use {
	if e.cc.noCache || rc.noCache {
		return notAsItIs
	}
	age := e.timing.age(now)
	late := age - e.timing.lifetime // how long it has been stale, or, below zero, how long it will be fresh
	if rc.maxAge != absent && age > rc.maxAge.duration() && !rc.toleratesStale(late) {
		return notAsItIs
	}
	switch {
	case late < 0 && late <= -rc.minFresh.duration():
		return fresh
	case late < 0, e.cc.forbidsStale():
		return notAsItIs
	case rc.toleratesStale(late):
		return staleAllowed
	case rc.plain && late < e.while():
		return staleRefresh
	}
	return notAsItIs
}

func (rc *requestControl) toleratesStale(late time.Duration) bool {
	return rc.anyStale || rc.maxStale > 0 && late <= rc.maxStale.duration()
}

func (e *entry) while() time.Duration {
	if e.cc.staleWhile != absent {
		return e.cc.staleWhile.duration()
	}
	return e.view.rule.StaleWhile
}

// forErrors says whether the entry may be used where the server failed (RFC
// 5861, 4).
func (e *entry) forErrors(now time.Time, rc *requestControl) bool {
	if e.cc.forbidsStale() || rc.noCache {
		return false
	}
	span := e.view.rule.StaleIfError
	for _, said := range []seconds{e.cc.staleIfError, rc.staleIfError} {
		if said != absent {
			span = said.duration()
		}
	}
	return span > 0 && e.timing.age(now)-e.timing.lifetime < span
}

// fail reports whether a status is an error of which RFC 5861, 4 speaks.
func fail(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// suits reports whether e is what a request of this view would be answered
// with.
func (e *entry) suits(v *View, request http.Header) bool {
	return e.view == v && matches(e.vary, request)
}
