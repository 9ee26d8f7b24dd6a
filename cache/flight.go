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
// Commit, Abandon, TooLarge or a Grow that found no room; what is called after
// that does nothing. For one goroutine.
type Fill struct {
	store  *store
	held   int64 // bytes of the recording that are counted
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
	shelf := s.shelf(l.Rule)
	if f := shelf.flights[string(key)]; f != nil && f.asOf > l.ValidSince {
		l.Rule.waits.Add(1)
		return nil, &Wait{f.done}
	}
	// Somebody may have stored an answer since this caller looked: the last
	// fill ended in between. Without this second look it would fill once more.
	if e, ok := shelf.entries.Peek(string(key)); ok && e.AsOf > l.ValidSince && time.Duration(l.Now-e.AsOf) <= l.TTL {
		return nil, &Wait{ended}
	}
	f := &flight{asOf: l.Now, done: make(chan struct{})}
	fill := &Fill{store: s, key: string(key), rule: l.Rule, tables: tables, flight: f}
	shelf.flights[fill.key] = f
	return fill, nil
}

// Grow counts n more bytes of recorded answer, before they are allocated. It
// is false, and the fill is over, if there is no room for them: what is being
// recorded stands in the same budget as what is kept.
func (f *Fill) Grow(n int64) bool {
	if f.flight == nil {
		return false
	}
	if f.held == 0 {
		n += entryOverhead + int64(len(f.key))
	}
	if !f.store.cache.reserve(f.rule, n) {
		f.Abandon()
		return false
	}
	f.held += n
	return true
}

// Commit stores the answer, unless something that it read was written at or
// after asOf. It reports whether it did. The frames are the cache's from now
// on; what wastes much of the recording is copied.
func (f *Fill) Commit(frames []byte, asOf, validSince Instant) bool {
	if f.flight == nil {
		return false
	}
	if asOf <= validSince || !f.fit(&frames) {
		f.Abandon()
		return false
	}
	e := &Entry{Frames: frames, AsOf: asOf, Tables: f.tables, key: f.key, rule: f.rule, bytes: f.held, used: asOf}
	f.store.mu.Lock()
	if old, ok := f.store.shelf(f.rule).entries.Peek(f.key); !ok || old.AsOf <= asOf {
		f.store.put(e)
		f.held = 0
	} // else somebody else's is younger
	f.end()
	f.store.mu.Unlock()
	f.rule.fills.Add(1)
	return true
}

// fit makes what is counted what an entry with these frames takes.
func (f *Fill) fit(frames *[]byte) bool {
	size := entryOverhead + int64(len(f.key)+len(*frames))
	recorded := f.held >= size
	if recorded && f.held-size <= size/8 {
		return true
	}
	if !f.store.cache.reserve(f.rule, size) {
		return recorded
	}
	*frames = slices.Clip(slices.Clone(*frames))
	f.store.cache.release(f.rule, f.held)
	f.held = size
	return true
}

// Abandon ends a fill that came to nothing.
func (f *Fill) Abandon() {
	if f.flight == nil {
		return
	}
	f.store.mu.Lock()
	if e, ok := f.store.shelf(f.rule).entries.Peek(f.key); ok {
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

// end wakes those who wait, and gives back what was counted. The store's mutex
// is held.
func (f *Fill) end() {
	if flights := f.store.shelf(f.rule).flights; flights[f.key] == f.flight {
		delete(flights, f.key)
	}
	f.store.cache.release(f.rule, f.held)
	f.held = 0
	close(f.flight.done)
	f.flight = nil
}
