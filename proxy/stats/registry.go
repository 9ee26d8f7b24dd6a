package stats

import (
	"sort"
	"sync"
	"time"
)

// Period is the time that averages are taken over, PgBouncer's default
// stats_period.
const Period = 60 * time.Second

// Registry holds the Pools by (database, user) and what is left of those that
// are gone, so that a database's totals never go down while the process lives.
// Safe for concurrent use.
type Registry struct {
	mu    sync.Mutex
	pools map[key]*Pool
	gone  map[string]*Counters // by database: totals of retired pools; an entry alone gives the database a row

	older, newer sample
}

type key struct{ database, user string }

// sample is every database's totals at one time.
type sample struct {
	at     time.Time
	totals map[string]Counters
}

// NewRegistry starts counting at now.
func NewRegistry(now time.Time) *Registry {
	start := sample{at: now}
	return &Registry{pools: make(map[key]*Pool), gone: make(map[string]*Counters), older: start, newer: start}
}

// Database gives a configured database a row of zeros before its first client.
func (r *Registry) Database(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone[name] == nil {
		r.gone[name] = new(Counters)
	}
}

// Pool returns the counters of (database, user), made at the first call.
// Sessions keep the pointer; this is not for every query.
func (r *Registry) Pool(database, user string) *Pool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pools[key{database, user}]
	if p == nil {
		p = new(Pool)
		r.pools[key{database, user}] = p
	}
	return p
}

// Retire forgets a pool that no session uses any more and keeps its totals
// for the database. Flushes into the old pool after this are lost.
func (r *Registry) Retire(database, user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pools[key{database, user}]
	if p == nil {
		return
	}
	delete(r.pools, key{database, user})
	if r.gone[database] == nil {
		r.gone[database] = new(Counters)
	}
	last := p.Read()
	r.gone[database].Add(&last.Counters)
}

// Sample remembers the totals for the averages. The owner of the Registry
// calls it once per Period.
func (r *Registry) Sample(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.older, r.newer = r.newer, sample{at: now, totals: r.totals()}
}

// Databases returns the totals of every database, by name, and what the
// averages are taken of. That reaches back to the last Sample but one, so it
// covers one to two periods and never just the last few milliseconds.
func (r *Registry) Databases(now time.Time) []DatabaseCounters {
	r.mu.Lock()
	defer r.mu.Unlock()
	totals := r.totals()
	rows := make([]DatabaseCounters, 0, len(totals))
	for name, total := range totals {
		before := r.older.totals[name]
		rows = append(rows, DatabaseCounters{
			Database: name,
			Total:    total,
			Recent:   total.Sub(&before),
			Elapsed:  now.Sub(r.older.at),
		})
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Database < rows[j].Database })
	return rows
}

func (r *Registry) totals() map[string]Counters {
	totals := make(map[string]Counters, len(r.gone))
	for name, gone := range r.gone {
		totals[name] = *gone
	}
	for k, p := range r.pools {
		sum, now := totals[k.database], p.Read()
		sum.Add(&now.Counters)
		totals[k.database] = sum
	}
	return totals
}
