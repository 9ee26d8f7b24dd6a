package freshness

import (
	"strings"
	"sync"
	"sync/atomic"
)

// maxTables is how many tables' last writes are told apart. Beyond it, those
// written longest ago are thrown together, which costs nothing as long as the
// replicas are younger than them.
const maxTables = 4096

// writes is when what was last written, as far as this process acknowledged
// it. Instants only ever grow.
type writes struct {
	anything atomic.Int64 // the last write of all
	unknown  atomic.Int64 // the last write that may have touched any table
	others   atomic.Int64 // the last write of a table that is not in tables

	mu     sync.RWMutex // guards the map; a table's instant grows under RLock
	tables map[string]*atomic.Int64
}

// Wrote records an acknowledged write: at is the instant its acknowledgement
// arrived, tables are the bare names it wrote, all says that it may have
// written any table besides. To be called before the acknowledgement is
// passed on. It allocates only for a table not seen before, and keeps no
// reference to the names given.
func (c *Clock) Wrote(at Instant, tables []string, all bool) {
	w := &c.writes
	raise(&w.anything, at)
	if all {
		raise(&w.unknown, at)
	}
	for _, t := range tables {
		if !w.raiseKnown(t, at) {
			w.raiseNew(t, at)
		}
	}
}

// WroteAnything is the instant of the last acknowledged write; 0 when there
// was none. One atomic load.
func (c *Clock) WroteAnything() Instant { return Instant(c.writes.anything.Load()) }

// WroteTables is the instant of the last acknowledged write that may have
// touched one of the tables (bare names), 0 when there was none. It may be
// later than the truth, never earlier. It does not allocate.
func (c *Clock) WroteTables(tables []string) Instant {
	w := &c.writes
	last := w.unknown.Load()
	w.mu.RLock()
	defer w.mu.RUnlock()
	for _, t := range tables {
		at := &w.others
		if known, ok := w.tables[t]; ok {
			at = known
		}
		last = max(last, at.Load())
	}
	return Instant(last)
}

func (w *writes) raiseKnown(table string, at Instant) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	known, ok := w.tables[table]
	if ok {
		raise(known, at)
	}
	return ok
}

func (w *writes) raiseNew(table string, at Instant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.tables[table]
	if !ok {
		if w.tables == nil {
			w.tables = make(map[string]*atomic.Int64)
		}
		if len(w.tables) >= maxTables {
			w.fold()
		}
		known = new(atomic.Int64)
		known.Store(w.others.Load()) // it may have been among them, and written later than at
		w.tables[strings.Clone(table)] = known
	}
	raise(known, at)
}

// fold throws the older half of the tables together into others. Until then
// a table outside the map was written no later than others says, and so it
// stays.
func (w *writes) fold() {
	oldest, youngest := int64(1<<63-1), int64(0)
	for _, at := range w.tables {
		oldest, youngest = min(oldest, at.Load()), max(youngest, at.Load())
	}
	middle := oldest + (youngest-oldest)/2
	for t, at := range w.tables {
		if at.Load() <= middle {
			raise(&w.others, Instant(at.Load()))
			delete(w.tables, t)
		}
	}
}

// raise makes v at least at.
func raise(v *atomic.Int64, at Instant) {
	for {
		old := v.Load()
		if int64(at) <= old || v.CompareAndSwap(old, int64(at)) {
			return
		}
	}
}
