package stats

import "time"

// HTTPRow is the requests of one listener or one pool of HTTP.
type HTTPRow struct {
	Kind      string   // listener or pool
	Name      string   // its name
	Active    int64    // requests under way
	Classes   [6]int64 // requests ended, by the hundreds of the status; 0 is broken off
	Retries   int64    // tries beyond a request's first
	Malformed int64    // of listeners: requests that were refused unread
	LogLost   int64    // of listeners: lines of the access log that were dropped or could not be written
	Time      time.Duration
	Hist      Histogram // of Time
}
