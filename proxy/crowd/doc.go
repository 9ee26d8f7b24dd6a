// Package crowd counts the connections of each client address, and how fast
// they come, for listeners that bound what one address may take.
//
// A Crowd owns its memory, which is bounded, and no goroutine. It never closes
// a connection, nor decides whose address one has: behind a load balancer that
// is what the PROXY header says, and its caller has read it.
//
// When clients are turned away that should not be, look at Key: all of a /64
// of IPv6 are taken for one.
package crowd
