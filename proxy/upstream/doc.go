// Package upstream balances requests over servers, whatever they speak.
//
// A Pool holds named upstreams. Pick chooses the one that the next request
// goes to, by a policy, among those that are in rotation: up, not draining, not
// ejected. Begin and End tell it what became of the request. Take is Pick and
// Begin in one for who wants limits: it keeps MaxConns, asks the breakers, and
// has requests wait in a queue for a place. Moved counts bytes. From all these
// come the load, latency and rates that policies compare, and the passive marks
// that eject a server whose requests keep failing. A Prober, where there is one,
// is asked at intervals; otherwise somebody else calls SetUp and SetDown, or
// every upstream counts as up.
//
// Who serves a request is found in this order: rotation, or everybody in panic;
// Want.Among and Prefer; breakers; limits; not those to be avoided; priority;
// zone; and the policy.
//
// What the configuration says of a server is its Upstream, replaced by each
// Use; what has been seen of it is its Host, which outlives a reload for as
// long as the address stays.
//
// The package owns its hosts and the goroutines that probe them. It never
// dials, waits in Take only, and knows no protocol. Policies (policy*.go) use
// no clock and no chance of their own: both are handed in.
//
// When a server gets no requests, see priority.go (does it serve?), then
// ejection.go, outlier.go and breaker.go (why not?); when it gets the wrong share
// of them, its policy's file and policy_weight.go (slow start); when requests
// wait, limit.go and queue.go; when health flaps, check.go.
package upstream
