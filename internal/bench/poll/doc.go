// Package poll is the little of epoll that a load generator and a canned
// server need: one thread that waits for many descriptors.
//
// It owns the epoll instance and, after Detach, nothing: descriptors belong
// to whoever detached them. It never hides a system call behind a goroutine,
// for a goroutine switch costs as much as the query it would wait for. The
// product uses Go's own poller instead; see package protocol.
//
// When a measurement hangs, look at what Watch was last told about the
// descriptor. Linux only.
package poll
