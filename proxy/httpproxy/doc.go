// Package httpproxy balances HTTP requests over pools of servers.
//
// A Server is one listener: it takes requests apart by its routes, holds them
// to its limits and hands each to a Pool. A Pool is the servers of one name and
// the conns to them; several listeners may share it. What the configuration
// says is compiled into a site, immutable, which a reload replaces; requests
// under way keep the site they began with.
//
// The package owns its listeners' conns, the conns to servers, and the
// goroutines of mirrors and access logs. It never reads the configuration, never chooses a
// server itself (proxy/upstream does), and never looks into bodies.
// Malformed messages do not get this far: the room strict refuses them. The room
// h1serve reads requests of HTTP/1.1 and frames answers; net/http does so for
// HTTP/2, and where a client may speak either.
//
// One request walks through visit.go: a route (table.go, match.go), its
// limits (rate.go, limits.go), its rewrites (rewrite.go), a pool (share.go), a
// try or several (tries.go), the room h1, the way back (forward.go, answer.go),
// the books (visit.go), its memory to a later one (recycle.go).
//
// When a request ends on the wrong route, look at table.go; on the wrong
// server, share.go and then proxy/upstream; when it is sent twice or not
// again, tries.go and h1; when a client is cut off, limits.go.
package httpproxy
