// Package faultproxy is a TCP proxy on loopback that misbehaves when told to:
// it refuses connections, accepts and says nothing, delays either direction,
// holds all bytes back, or cuts connections, by FIN or RST, now or after so
// many bytes. Tests put it between a client and a server to be each kind of
// bad network in turn, and move its target to play a floating address.
//
// It owns its listener, its connections and their goroutines; Close joins
// them all. It never looks at what it carries and never leaves loopback.
//
// When it breaks: who is accepted is proxy.go, what happens to bytes is
// link.go.
package faultproxy
