// Package upstream balances requests over servers, whatever they speak.
//
// A Pool holds named upstreams. Pick chooses the one that the next request
// goes to, by one of seven policies, among those that are in rotation: up, not
// draining, not ejected. Begin and End tell it what became of the request;
// Take is Pick and Begin in one, keeps limits, and has requests wait in a queue
// for a place. From these come the load and latency that policies compare, and the passive
// marks that eject a server whose requests keep failing. A Prober, where there
// is one, is asked at intervals; otherwise somebody else calls SetUp and
// SetDown, or every upstream counts as up.
//
// What the configuration says of a server is its Upstream, replaced by each
// Use; what has been seen of it is its Host, which outlives a reload for as
// long as the address stays.
//
// The package owns its hosts and the goroutines that probe them. It never
// dials, waits in Take only, and knows no protocol. Policies (policy*.go) use
// no clock and no chance of their own: both are handed in.
//
// When a server gets no requests, see rotation.go (is it in rotation?), then
// ejection.go (why not?); when it gets the wrong share of them, its policy's
// file and policy_weight.go (slow start); when health flaps, check.go.
package upstream
