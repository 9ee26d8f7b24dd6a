package httpcache

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// transport answers requests of one view from memory, or has next answer them.
type transport struct {
	view *View
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	get := r.Method == http.MethodGet || r.Method == ""
	switch {
	case !get && r.Method != http.MethodHead:
		return t.change(r)
	case r.Body != nil && r.Body != http.NoBody, r.Header["Upgrade"] != nil, forServersOnly(r.Header), r.URL.Opaque != "":
		return t.bypass(r)
	}
	rc := plainRequest
	if !t.view.rule.IgnoreClient {
		if rc = parseRequestControl(r.Header); rc.noStore {
			return t.bypass(r)
		}
	}
	var room [256]byte
	key := t.view.targetKey(room[:0], r)
	s := t.view.cache.storeOf(key)
	e, loose := s.find(key, t.view, r.Header)
	now := t.view.cache.clock()
	verdict := notAsItIs
	if e != nil {
		verdict = e.judge(now, &rc)
	}
	switch {
	case verdict == fresh:
		t.view.counts.hits.Add(1)
		return t.view.fromMemory(r, e, hit), nil
	case verdict == staleRefresh:
		t.refresh(s, e, r)
		fallthrough
	case verdict == staleAllowed:
		t.view.counts.stale.Add(1)
		return t.view.fromMemory(r, e, stale), nil
	}
	if e != nil {
		defer e.body.release()
	}
	switch {
	case rc.onlyIfCached:
		return t.view.notCached(r), nil
	case !get:
		return t.head(s, e, r)
	}
	checkable := e != nil && !validatorOf(e.header).empty()
	own := conditional(r.Header) || r.Header["Range"] != nil // not what others want, unless it is replaced by our own question
	return t.fetch(&wish{
		request: r, control: rc, uri: string(key), old: e, own: own,
		open: rc.plain && r.Header["Authorization"] == nil && now.After(loose) && (checkable || !own),
	})
}

// refresh has e validated while it is used, by one at a time.
func (t *transport) refresh(s *store, e *entry, r *http.Request) {
	if !s.refresh(e) {
		return
	}
	ask := r.Clone(context.WithoutCancel(r.Context()))
	ask.Method = http.MethodGet
	withoutConditions(ask.Header)
	s.mu.Lock()
	if r, ok := s.resources.Peek(e.uri); !ok || !slices.Contains(r.variants, e) {
		s.mu.Unlock() // dropped meanwhile
		return
	}
	f := t.flight(s, &wish{request: ask, control: plainRequest, uri: e.uri, old: e, open: ask.Header["Authorization"] == nil}, names(e.vary))
	f.background = true
	s.flights[e.uri] = append(s.flights[e.uri], f)
	s.mu.Unlock()
	f.takeOff()
}

// bypass passes a request that is none of the cache's business.
func (t *transport) bypass(r *http.Request) (*http.Response, error) {
	t.view.counts.bypass.Add(1)
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		t.view.mark(resp.Header, bypass, nil)
	}
	return resp, err
}

// change passes a request that is not a GET or a HEAD, and drops what it may
// have changed (RFC 9111, 4.4): what is kept of the URI and what is on its way,
// in all views, once the server says that it was done.
func (t *transport) change(r *http.Request) (*http.Response, error) {
	resp, err := t.bypass(r)
	if err != nil || resp.StatusCode < 200 || resp.StatusCode > 399 {
		return resp, err
	}
	if r.Method == http.MethodOptions || r.Method == http.MethodTrace {
		return resp, nil
	}
	key := string(t.view.targetKey(nil, r))
	t.view.cache.purgeKey(key)
	for _, k := range relatedKeys(key, resp.Header) {
		t.view.cache.purgeKey(k)
	}
	return resp, nil
}

// head passes a HEAD, and takes what it says over to the stored response to
// GET, or drops that one if it is another now (RFC 9111, 4.3.5).
func (t *transport) head(s *store, e *entry, r *http.Request) (*http.Response, error) {
	t.view.counts.misses.Add(1)
	asked := t.view.cache.clock()
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	got := t.view.cache.clock()
	if e != nil && resp.StatusCode == http.StatusOK && e.status == http.StatusOK {
		t.learn(s, e, resp, r, asked, got)
	}
	t.view.mark(resp.Header, miss, nil)
	return resp, nil
}

func (t *transport) learn(s *store, e *entry, resp *http.Response, r *http.Request, asked, got time.Time) {
	if !sameThing(e, resp) {
		s.remove(e)
		return
	}
	if n, ok := e.updated(resp.Header, r, asked, got); ok {
		s.replace(e, n)
	} else {
		s.remove(e)
	}
}

// sameThing: the head of a HEAD is about the stored body: its validators, and
// its length if it has one, are the same.
func sameThing(e *entry, resp *http.Response) bool {
	a, b := validatorOf(e.header), validatorOf(resp.Header)
	return (b.etag == "" || b.etag == a.etag) && (b.modified == "" || b.modified == a.modified) &&
		(resp.ContentLength < 0 || resp.ContentLength == e.body.size)
}
