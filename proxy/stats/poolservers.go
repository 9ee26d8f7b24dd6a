package stats

import "time"

// PoolServerRow is one server of one pool of a TCP or HTTP service.
type PoolServerRow struct {
	Pool, Kind string // Kind is tcp or http
	Server     string // its name
	Addr       string
	// State is whether it is used: up, down, unknown (nobody has asked it yet),
	// ejected (what it gets keeps failing), draining or maint (an operator took
	// it out).
	State    string
	Serving  bool // it gets clients now
	Zone     string
	Weight   int
	Share    float64 // of its weight, below 1 in slow start
	Priority int
	Active   int64 // connections (of http: requests) now
	Limit    int64 // of these, 0 = none
	Picks    int64
	Failures int64
	Latency  time.Duration // average that follows peaks at once, 0 = not measured
	Bytes    int64         // both ways
	PerSec   int64         // bytes a second of late
	Rate     float64       // connections (of http: requests) a second of late
	FailRate float64       // of these, those that failed
	Took     Histogram     // time to connect, of http to answer, of the last half minute or whole one
	Breaker  string        // closed, open, half-open; empty without one
	Why      string        // why it is not used; of up, what the latest check found
	Since    time.Time     // of the present health, or ejection
}

// PoolQueueRow is what waits for any server of a pool.
type PoolQueueRow struct {
	Pool    string
	Balance string // the policy's own name
	Waiting int64
	Full    int64 // turned away at once since the start
	Late    int64 // turned away after the wait
}

// HTTPCacheRow is what one route of an http listener keeps of answers, and how
// often that was of use since the start or the route's last change.
type HTTPCacheRow struct {
	Listener, Route             string
	Hits, Stale, Misses, Bypass int64 // requests
	Validated                   int64 // of the misses: the server said that what is kept is still right
	Waits                       int64 // requests that waited for another's answer
	Fills, Abandoned            int64 // answers that were kept, or begun to be
	Evictions, Purged           int64 // answers that were dropped for room, or by writes
	Entries, Bytes              int64 // kept now
	Used, Limit                 int64 // bytes of all routes of the listener
}
