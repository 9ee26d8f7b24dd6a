// Package h1 carries requests to servers that speak HTTP/1.1.
//
// A Carrier writes a request and reads the answer's head on the goroutine of
// whoever asks; a conn has no goroutine of its own. Only a request's body that
// is not in memory gets one, since its server may answer before it has ended.
// The answer's body is read from the conn by whoever reads it; at its end the
// conn goes back to the Carrier, last in first out.
//
// The package owns the conns to servers and the goroutines that feed bodies:
// each ends with its conn, or with the body. It never chooses a server, never
// changes a message but for what RFC 9112 says of one hop, and sends nothing
// twice but what http.Transport would: a request without a body that found a
// kept conn dead before the first byte of its answer.
//
// When a good answer is refused, look at head.go and framing.go, for chunks at
// chunks.go; when a conn is not kept, at body.go and idle.go; when a request
// is sent again, at carrier.go; when one hangs, at conn.go (deadlines) and
// link.go (what waits for readiness).
package h1
