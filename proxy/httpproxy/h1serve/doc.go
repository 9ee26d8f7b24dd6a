// Package h1serve serves clients that speak HTTP/1.1: it reads requests from
// their conns, gives them to an http.Handler, and frames the answers.
//
// It takes the place of net/http's server where that costs too much: a conn has
// one goroutine, which reads, handles and writes; a second looks whether the
// client has left, but only for requests that take long (watch.go). An answer
// and its head leave in one write. What handlers see is what net/http shows
// them.
//
// The package owns the conns it is given, until they are hijacked, and their
// goroutines. Every byte passes a strict.Scanner before anything is read from
// it, so that parsing (head.go, body.go, chunks.go) need not judge again. It
// knows nothing of routes or servers.
//
// One request walks through conn.go (waiting, the order of things), head.go
// and target.go (the request), life.go (its context), response.go and frame.go
// (the answer), body.go (what is left of its body), reuse.go. What handlers can
// do to the conn is in control.go. When a client
// is cut off, look at bounds.go; when a conn is not kept, at response.go's
// finish; when a handler is not told that its client has left, at watch.go.
package h1serve
