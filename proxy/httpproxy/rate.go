package httpproxy

import (
	"hash/maphash"
	"sync"
	"time"
)

// Rate bounds the requests of one key to a route.
type Rate struct {
	Requests int           // per Per
	Per      time.Duration // default 1 s
	Burst    int           // that may come at once, default Requests
	By       KeyOf         // default the client's address
	Keys     int           // remembered at once, default 100 000; the oldest are forgotten, and begin anew
}

// limiter is the generic cell rate algorithm (ITU-T I.371): a key's theoretical
// arrival time says all of its past.
type limiter struct {
	gap    int64 // ns between requests at the full rate
	room   int64 // ns that a key may be ahead
	seed   maphash.Seed
	shards [16]generations
}

// generations forget what is old without a clock: when the young are half of
// what may be kept, the old go and the young are old.
type generations struct {
	mu         sync.Mutex
	young, old map[uint64]int64
	half       int
}

func newLimiter(r Rate) *limiter {
	burst := or(r.Burst, r.Requests)
	gap := int64(or(r.Per, time.Second)) / int64(max(r.Requests, 1))
	l := &limiter{gap: gap, room: gap * int64(max(burst, 1)-1), seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].half = max(or(r.Keys, 100_000)/(2*len(l.shards)), 1)
		l.shards[i].young = make(map[uint64]int64)
	}
	return l
}

// take counts a request of the key at now, in ns, if there is room for it. Else
// it returns how long to wait until there is, and counts nothing.
func (l *limiter) take(key string, now int64) (wait time.Duration) {
	k := maphash.String(l.seed, key)
	g := &l.shards[k%uint64(len(l.shards))]
	g.mu.Lock()
	defer g.mu.Unlock()
	due := max(g.get(k), now)
	if ahead := due - now - l.room; ahead > 0 {
		return time.Duration(ahead)
	}
	g.put(k, due+l.gap)
	return 0
}

func (g *generations) get(k uint64) int64 {
	if t, ok := g.young[k]; ok {
		return t
	}
	return g.old[k]
}

func (g *generations) put(k uint64, due int64) {
	if _, known := g.young[k]; !known && len(g.young) >= g.half {
		g.old, g.young = g.young, make(map[uint64]int64, g.half)
	}
	g.young[k] = due
}
