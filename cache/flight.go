package cache

import (
	"slices"
	"time"
)

// flight is a fill that is under way.
type flight struct {
	asOf Instant
	done chan struct{}
}

// Fill is the right to answer a key for all who wait for it. It has one end:
// Commit, Abandon or TooLarge; what is called after that does nothing. For one
// goroutine.
type Fill struct {
	store  *store
	key    string
	rule   *Rule
	tables []string
	flight *flight
}

// Wait is for those who want the same answer.
type Wait struct{ done chan struct{} }

// ended is the end of a fill that is over already.
var ended = func() chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

// Done is closed when the fill has ended, well or not: it is time to look
// again.
func (w *Wait) Done() <-chan struct{} { return w.done }

// Begin asks for the right to fill key with an answer that will be true as of
// l.Now or a little before. Exactly one caller has it at a time; the others
// get something to wait on, unless they need an answer that is younger than
// the one under way: then they take its place. tables are those that the
// answer reads; they are kept.
func (c *Cache) Begin(key []byte, l Lookup, tables []string) (*Fill, *Wait) {
	s := c.store(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.flights[string(key)]; f != nil && f.asOf > l.ValidSince {
		l.Rule.waits.Add(1)
		return nil, &Wait{f.done}
	}
	// Somebody may have stored an answer since this caller looked: the last
	// fill ended in between. Without this second look it would fill once more.
	if e, ok := s.entries.Peek(string(key)); ok && e.AsOf > l.ValidSince && time.Duration(l.Now-e.AsOf) <= l.TTL {
		return nil, &Wait{ended}
	}
	f := &flight{asOf: l.Now, done: make(chan struct{})}
	fill := &Fill{store: s, key: string(key), rule: l.Rule, tables: tables, flight: f}
	s.flights[fill.key] = f
	return fill, nil
}

// Commit stores the answer, of which a copy is made, unless something that it
// read was written at or after asOf. It reports whether it did.
func (f *Fill) Commit(frames []byte, asOf, validSince Instant) bool {
	if f.flight == nil {
		return false
	}
	e := &Entry{Frames: slices.Clip(slices.Clone(frames)), AsOf: asOf, Tables: f.tables, key: f.key, rule: f.rule}
	c := f.store.cache
	if asOf <= validSince || !c.reserve(e.size()) {
		f.Abandon()
		return false
	}
	f.store.mu.Lock()
	if old, ok := f.store.entries.Peek(f.key); ok && old.AsOf > asOf {
		c.bytes.Add(-e.size()) // somebody else's is younger
	} else {
		f.store.put(e)
	}
	f.end()
	f.store.mu.Unlock()
	f.rule.fills.Add(1)
	return true
}

// Abandon ends a fill that came to nothing.
func (f *Fill) Abandon() {
	if f.flight == nil {
		return
	}
	f.store.mu.Lock()
	if e, ok := f.store.entries.Peek(f.key); ok {
		e.refreshing = false // the next who finds it too old asks anew
	}
	f.end()
	f.store.mu.Unlock()
	f.rule.abandoned.Add(1)
}

// TooLarge ends a fill whose answer is longer than it may be.
func (f *Fill) TooLarge() {
	if f.flight != nil {
		f.rule.large.Add(1)
		f.Abandon()
	}
}

// end wakes those who wait. The store's mutex is held.
func (f *Fill) end() {
	if f.store.flights[f.key] == f.flight {
		delete(f.store.flights, f.key)
	}
	close(f.flight.done)
	f.flight = nil
}
