package httpcache

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// wish is a request that the stored responses do not answer.
type wish struct {
	request *http.Request
	control requestControl
	uri     string
	old     *entry // to be validated; the wish holds its body
	open    bool   // it may wait for others, and others for it
	own     bool   // it has conditions, or a range, unless they give way to those about old
	guess   []string
}

// board finds the flight that will answer the wish, or makes one, whose leader
// it is then. found: somebody stored an answer since it looked.
func (t *transport) board(w *wish) (f *flight, leader bool, found *entry) {
	s := t.view.cache.storeOfURI(w.uri)
	s.mu.Lock()
	defer s.mu.Unlock()
	guess := w.guess
	r, ok := s.resources.Peek(w.uri)
	if w.old != nil && (!ok || !slices.Contains(r.variants, w.old)) {
		// It was dropped since this request found it, perhaps for a change:
		// those who join now may know of that.
		w.old, w.open = nil, w.open && !w.own
	}
	if ok && w.open {
		// The last fill may have ended between this request's look and now:
		// without a second one it would ask again.
		if e := r.best(t.view, w.request.Header); e != nil && e != w.old && e.judge(t.view.cache.clock(), &w.control) == fresh {
			e.body.hold()
			return nil, false, e
		}
		guess = append(r.varyNames(t.view), guess...)
	}
	if w.open {
		for _, f := range s.flights[w.uri] {
			if f.join(t.view, w) {
				return f, false, nil
			}
		}
	}
	f = t.flight(s, w, guess)
	f.clients = 1
	s.flights[w.uri] = append(s.flights[w.uri], f)
	return f, true, nil
}

// flight makes one. The store's mutex is held.
func (t *transport) flight(s *store, w *wish, guess []string) *flight {
	slices.Sort(guess)
	f := &flight{
		view: t.view, next: t.next, store: s, uri: w.uri, control: w.control, old: w.old, open: w.open,
		guess:   selectors(slices.Compact(guess), w.request.Header),
		settled: make(chan struct{}), ended: make(chan struct{}), running: true,
	}
	if f.old != nil {
		f.old.body.hold()
	}
	f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(w.request.Context()))
	f.request = w.request.Clone(f.ctx)
	f.unlink = context.AfterFunc(t.view.cache.ctx, f.cancel)
	f.late = time.AfterFunc(t.view.cache.settings.FillTime, f.tooLong)
	return f
}

// join makes the wish's client one of the flight's, if what it will bring is
// presumably what the client would get. The store's mutex is held.
func (f *flight) join(v *View, w *wish) bool {
	if !f.open || f.view != v {
		return false
	}
	if closed(f.settled) {
		if f.outcome != recorded || !f.entry.suits(v, w.request.Header) || f.entry.judge(v.cache.clock(), &w.control) != fresh {
			return false
		}
	} else if !matches(f.guess, w.request.Header) {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spoilt {
		return false
	}
	f.waited = true
	f.clients++
	return true
}

// names are the names of what a response was chosen by.
func names(list []selecting) (names []string) {
	for _, s := range list {
		names = append(names, s.name)
	}
	return names
}

// takeOff starts a flight, or says that the cache is closed.
func (f *flight) takeOff() bool {
	if f.view.cache.begin(f) {
		return true
	}
	f.err = http.ErrServerClosed
	close(f.settled)
	f.finish()
	return false
}
