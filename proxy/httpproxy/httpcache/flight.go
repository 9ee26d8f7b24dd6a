package httpcache

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// flight asks the server once, in a goroutine of its own, for all who wait for
// the answer. The client whose request it was, the leader, gets what came in
// any case; the others what may be kept, and else they go on their own.
//
// It ends when its response is refused, or recorded to its end. It outlives
// its clients, but not for long: see [flight.leave].
type flight struct {
	view    *View
	next    http.RoundTripper
	store   *store
	uri     string
	request *http.Request // the leader's, a copy
	control requestControl
	old     *entry // to be validated, whose body is held; nil when there is none
	open    bool   // others may wait for it
	// background: it has no leader; it validates old, which is used meanwhile.
	background bool
	// guess is by what the response will presumably have been chosen; what it
	// was is known with its head.
	guess []selecting

	ctx    context.Context
	cancel context.CancelFunc
	late   *time.Timer
	unlink func() bool // from the cache's end

	// These are written before settled is closed, and not after.
	settled chan struct{}
	outcome outcome
	origin  *http.Response // as it came; nil when none did
	err     error
	entry   *entry     // what to answer with: stale, validated or being recorded
	rec     *recording // of entry's body, where it still arrives
	checked bool       // what was asked is whether old is still good
	asked   time.Time
	got     time.Time // when the head was there

	ended chan struct{}
	final *entry // what was stored; written before ended is closed

	waited bool // somebody waited for it; guarded by the store's mutex

	mu      sync.Mutex
	running bool
	clients int
	claimed bool // the leader took origin
	gone    bool // the leader left before it knew the outcome
	overdue bool // it goes on for clients only
	spoilt  bool // what it brings must not be kept
}

type outcome int

const (
	refused   outcome = iota // origin or err, for the leader alone
	recorded                 // entry and rec
	validated                // entry: the server said 304
	once                     // as validated, but for the leader alone
	erred                    // entry, stale, in place of an error
)

// run asks, says what came of it, and records.
func (f *flight) run() {
	defer f.finish()
	f.origin, f.err = f.ask()
	f.outcome = f.decide()
	f.settle()
	switch {
	case f.rec == nil:
		return
	case f.leaderGone():
		f.rec.disown()
	}
	switch {
	case f.rec.pump() && len(f.origin.Trailer) == 0 && f.keep():
		f.view.counts.fills.Add(1)
	default:
		f.view.cache.bytes.Add(-f.entry.cost)
		f.view.counts.abandoned.Add(1)
	}
}

func (f *flight) leaderGone() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gone || f.background
}

// ask sends the request, with the conditions of what is to be validated.
func (f *flight) ask() (resp *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil { // it must not end the process, as it would not in the client's goroutine
			resp, err = nil, fmt.Errorf("ask the server: panic: %v", p)
		}
	}()
	if f.old == nil {
		return f.send(f.request)
	}
	v := validatorOf(f.old.header)
	if v.empty() {
		return f.send(f.request)
	}
	question := f.request.Clone(f.ctx)
	v.ask(question.Header)
	f.checked = true
	resp, err = f.send(question)
	if err != nil || resp.StatusCode != http.StatusNotModified || v.confirmedBy(resp.Header) {
		return resp, err
	}
	f.checked = false
	resp.Body.Close() // it is about another response than ours: RFC 9111, 4.3.4
	whole := f.request.Clone(f.ctx)
	withoutConditions(whole.Header)
	return f.send(whole)
}

func (f *flight) send(r *http.Request) (*http.Response, error) {
	f.asked = f.view.cache.clock()
	resp, err := f.next.RoundTrip(r)
	f.got = f.view.cache.clock()
	if err == nil && resp.Header.Get("Date") == "" {
		resp.Header.Set("Date", f.got.UTC().Format(http.TimeFormat)) // RFC 9110, 6.6.1
	}
	return resp, err
}

// settle tells those who wait what came of it.
func (f *flight) settle() {
	forMany := f.outcome == erred || f.entry != nil && f.outcome != once && f.entry.judge(f.got, &plainRequest) == fresh
	f.store.mu.Lock()
	if f.outcome != recorded {
		f.unlist() // there is nothing more to wait for
	}
	waited := f.waited
	f.store.mu.Unlock()
	if waited && !forMany {
		f.store.loosen(f.uri, f.got.Add(looseTime))
	}
	close(f.settled)
}

// looseTime is for how long nobody waits for an answer after one that many
// waited for was for one only.
const looseTime = 10 * time.Second

// unlist takes the flight off the list. The store's mutex is held.
func (f *flight) unlist() {
	list := f.store.flights[f.uri]
	for i, g := range list {
		if g == f {
			list = append(list[:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(f.store.flights, f.uri)
	} else {
		f.store.flights[f.uri] = list
	}
}
