// Package protocol is the wire: PostgreSQL's frontend/backend protocol 3.0
// and 3.2 as bytes, towards clients and towards servers.
//
// It owns connections before and after the greeting (Greet, Dial), the links
// that move bytes with as few system calls as possible (Link), frames by
// header (Peek), buffers, cancel requests, and the building and reading of
// the few messages a proxy makes itself. It never decides: no pooling, no
// routing, no user names, no configuration.
//
// Frames are looked at by their header; bodies of rows are never decoded.
// When the stream between a client and a server gets out of step, start at
// Peek and the tables in frame.go; when a byte is late or lost, at
// link_raw.go and link_stay.go; when a client cannot connect, at greet.go.
package protocol
