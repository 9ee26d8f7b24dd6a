package httpcache

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// decide finds what becomes of what came.
func (f *flight) decide() outcome {
	broken := f.err != nil && f.ctx.Err() == nil || f.err == nil && fail(f.origin.StatusCode)
	switch {
	case broken && f.old != nil && f.old.forErrors(f.got, &f.control):
		f.dismiss()
		f.entry = f.old
		return erred
	case f.err != nil:
		return refused
	case f.origin.StatusCode == http.StatusNotModified && f.checked:
		f.dismiss()
		return f.validate()
	case f.record():
		return recorded
	}
	if f.old != nil && !broken {
		f.store.remove(f.old)
	}
	return refused
}

// dismiss closes the response, of which nobody is sent the body.
func (f *flight) dismiss() {
	if f.origin != nil {
		f.origin.Body.Close()
	}
}

// validate makes the old entry one with the head of the 304.
func (f *flight) validate() outcome {
	f.view.counts.validated.Add(1)
	e, ok := f.old.updated(f.origin.Header, f.request, f.asked, f.got)
	f.entry = e
	if !ok || f.isSpoilt() {
		f.store.remove(f.old)
		return once
	}
	f.store.replace(f.old, e)
	return validated
}

// updated is e with what a later head about the same body says (RFC 9111, 3.2
// and 4.3.4). ok: it may be kept.
func (e *entry) updated(later http.Header, request *http.Request, asked, got time.Time) (n *entry, ok bool) {
	cc := parseResponseControl(later)
	h := updated(e.header, later, &cc)
	n = &entry{view: e.view, uri: e.uri, status: e.status, header: h, body: e.body}
	n.cc = parseResponseControl(h)
	fresh, ok := storable(e.status, h, &n.cc, answerTo{request.Header["Authorization"] != nil}, &e.view.rule)
	n.timing = newTiming(later, asked, got)
	n.timing.lifetime = fresh
	n.complete(request)
	return n, ok
}

// complete fills in what follows from the head.
func (e *entry) complete(request *http.Request) {
	e.line = statusLine(e.status)
	e.header["Age"], e.header[xCache] = nil, nil // so that a copy need not grow for them
	e.vary = selectors(varyNames(e.header["Vary"]), request.Header)
	e.date, _ = oneDate(e.header["Date"])
	e.cost = costOf(e.uri, e.header, e.vary)
}

// replace stores n in place of old, with which it shares the body, if there is
// room. An old that is gone was dropped for a reason, which holds for n, too.
func (s *store) replace(old, n *entry) {
	if !s.cache.reserve(n.cost) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.resources.Peek(old.uri)
	if !ok || !slices.Contains(r.variants, old) {
		s.cache.bytes.Add(-n.cost)
		return
	}
	n.body.hold()
	s.put(n)
	s.forget(r, old)
}

// record begins to record the response, if it may be kept.
func (f *flight) record() bool {
	resp, length := f.origin, f.origin.ContentLength
	cc := parseResponseControl(resp.Header)
	fresh, ok := storable(resp.StatusCode, resp.Header, &cc, answerTo{f.request.Header["Authorization"] != nil}, &f.view.rule)
	if !ok || f.isSpoilt() || len(resp.Trailer) > 0 || endsUnnoticed(resp) || length > f.view.cache.settings.MaxEntry {
		return false
	}
	e := &entry{view: f.view, uri: f.uri, status: resp.StatusCode, header: kept(resp.Header, &cc), cc: cc}
	e.timing = newTiming(resp.Header, f.asked, f.got)
	e.timing.lifetime = fresh
	e.complete(f.request)
	if !f.view.cache.reserve(e.cost) {
		return false
	}
	rec := newRecording(f.view.cache, resp.Body, length)
	if rec == nil {
		f.view.cache.bytes.Add(-e.cost)
		return false
	}
	rec.owner = true
	e.body = rec.body
	f.entry, f.rec = e, rec
	return true
}

// endsUnnoticed: the end of the body is the end of the connection, so that
// nobody knows whether all of it came (RFC 9112, 8).
func endsUnnoticed(resp *http.Response) bool {
	return resp.ContentLength < 0 && resp.ProtoMajor == 1 && !resp.Uncompressed &&
		!slices.Contains(resp.TransferEncoding, "chunked")
}

// keep stores what was recorded, unless something forbids it meanwhile.
func (f *flight) keep() bool {
	e := *f.entry
	if n := e.body.size; n > 0 || f.rec.length < 0 {
		e.header = maps.Clone(e.header)
		e.header["Content-Length"] = []string{strconv.FormatInt(n, 10)}
	}
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.isSpoilt() {
		return false
	}
	e.body.hold()
	f.store.put(&e)
	f.final = &e
	return true
}
