// Package strict refuses malformed HTTP/1.1 requests at the door.
//
// Two programs that read one message differently are what request smuggling is
// made of. The standard library forgives some of what RFC 9112 forbids (a bare
// LF, for one), and a server behind may forgive other things. So each byte of a
// client passes a Scanner first, which knows one way to read it, the RFC's, and
// stops at what cannot be read that way. What is well-formed passes unchanged.
//
// The package owns no goroutine, allocates nothing per message and knows no
// meaning but that of framing. When a good request is refused, Fault says by
// which section; the grammar of heads is in head.go, of framing in
// framing.go, of chunks in chunk.go.
package strict
