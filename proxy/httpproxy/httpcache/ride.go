package httpcache

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
)

// fetch answers a wish with what a server says, or with what it says to
// somebody else who wants the same.
func (t *transport) fetch(w *wish) (*http.Response, error) {
	var patience *time.Timer // made by the first wait, for all of them
	defer func() {
		if patience != nil {
			patience.Stop()
		}
	}()
	for {
		f, leader, found := t.board(w)
		switch {
		case found != nil:
			t.view.counts.hits.Add(1)
			return t.view.fromMemory(w.request, found, hit), nil
		case leader && !f.takeOff():
			f.leave()
			return t.next.RoundTrip(w.request)
		case leader:
			t.view.counts.misses.Add(1)
			return f.lead(w)
		}
		t.view.counts.waits.Add(1)
		if patience == nil {
			patience = time.NewTimer(t.view.cache.settings.Wait)
		}
		resp, err := f.wait(w, patience.C)
		if resp != nil || err != nil {
			return resp, err
		}
	}
}

// lead is what the flight's leader gets.
func (f *flight) lead(w *wish) (*http.Response, error) {
	ctx := w.request.Context()
	select {
	case <-f.settled:
	case <-ctx.Done():
		f.abandon()
		return nil, context.Cause(ctx)
	}
	switch f.outcome {
	case refused:
		return f.pass(w)
	case recorded:
		return f.follow(w, true), nil
	case erred:
		f.view.counts.stale.Add(1)
		return f.stored(w, f.entry, stale), nil
	}
	resp := f.stored(w, f.entry, miss)
	for name, values := range f.origin.Header { // what is for this client, and not kept
		if name == "Set-Cookie" || slices.Contains(f.entry.cc.drop, name) {
			resp.Header[name] = values
		}
	}
	return resp, nil
}

// abandon is the leader leaving before it knows the outcome. Whichever comes
// second, this or the outcome, sees the other.
func (f *flight) abandon() {
	f.mu.Lock()
	f.gone = true
	f.mu.Unlock()
	if closed(f.settled) && f.rec != nil {
		f.rec.disown()
	}
	f.leave()
}

// wait is what another client gets: nothing, if it is to look again, for which
// the wish says how.
func (f *flight) wait(w *wish, patience <-chan time.Time) (*http.Response, error) {
	if again, err := f.until(f.settled, w, patience); again || err != nil {
		return nil, err
	}
	now := f.view.cache.clock()
	switch {
	case f.outcome == refused, f.outcome == once:
		return f.alone(w), nil
	case !f.entry.suits(f.view, w.request.Header):
		w.guess = append(w.guess, names(f.entry.vary)...)
		f.leave()
		return nil, nil
	case f.outcome == erred && f.entry.forErrors(now, &w.control):
		f.view.counts.stale.Add(1)
		return f.stored(w, f.entry, stale), nil
	case f.entry.judge(now, &w.control) != fresh:
		return f.alone(w), nil
	case f.outcome == validated:
		f.view.counts.hits.Add(1)
		return f.stored(w, f.entry, hit), nil
	case f.rec.length >= 0:
		f.view.counts.hits.Add(1)
		return f.follow(w, false), nil
	}
	// How long it will be, and so whether there is room for it, is known at
	// its end.
	if again, err := f.until(f.ended, w, patience); again || err != nil {
		return nil, err
	}
	if f.final == nil {
		return f.alone(w), nil
	}
	f.view.counts.hits.Add(1)
	return f.stored(w, f.final, hit), nil
}

// until waits. again: for too long, so that the client goes on by itself.
func (f *flight) until(c chan struct{}, w *wish, patience <-chan time.Time) (again bool, err error) {
	select {
	case <-c:
		return false, nil
	case <-patience:
		f.alone(w)
		return true, nil
	case <-w.request.Context().Done():
		f.leave()
		return false, context.Cause(w.request.Context())
	}
}

// alone has the client ask for itself.
func (f *flight) alone(w *wish) *http.Response {
	w.open = false
	f.leave()
	return nil
}

// stored answers with an entry that the flight holds.
func (f *flight) stored(w *wish, e *entry, m mark) *http.Response {
	e.body.hold()
	resp := f.view.fromMemory(w.request, e, m)
	f.leave()
	return resp
}

// pass gives the leader what the server said.
func (f *flight) pass(w *wish) (*http.Response, error) {
	if f.err != nil {
		f.leave()
		return nil, f.err
	}
	f.claimed = true
	resp := f.origin
	stop := context.AfterFunc(w.request.Context(), f.cancel)
	resp.Body = &passing{resp.Body, func() { stop(); f.leave() }}
	resp.Request = w.request
	f.view.mark(resp.Header, miss, nil)
	return resp, nil
}

// follow answers with what is being recorded.
func (f *flight) follow(w *wish, leader bool) *http.Response {
	resp := *f.origin
	resp.Request, resp.Trailer = w.request, nil
	if leader {
		resp.Header = f.origin.Header.Clone()
		f.view.mark(resp.Header, miss, f.entry)
	} else {
		resp.Header = maps.Clone(f.entry.header)
		f.view.dress(resp.Header, f.entry, hit)
	}
	if f.entry.status == http.StatusOK && conditional(w.request.Header) && unmodified(w.request.Header, f.entry.header, f.entry.timing.answered) {
		resp.Body = http.NoBody
		notModified(&resp)
		if leader {
			f.rec.disown()
		}
		f.leave()
		return &resp
	}
	f.rec.body.hold()
	body := &follower{ctx: w.request.Context(), flight: f, rec: f.rec}
	if leader {
		body.response = &resp
	}
	resp.Body = body
	return &resp
}
