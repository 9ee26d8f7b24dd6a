// Package proxy puts the rooms together: it listens, lets clients in, finds
// their cluster, user and pool, starts sessions, reloads and drains. It is
// the only package that knows all others.
//
// Server owns the listeners, the clusters with their pools, and the
// goroutines of all visits. A visit (visit.go) is one connection: greeting,
// proof of who it is, then a session, the console, a replication
// pass-through or a cancel request.
//
// A cluster has a fleet (fleet.go): its servers and who watches them. A
// user's pool there (userpool.go) is one at the primary, which follows the
// primary (primary.go, follow.go), and one per replica (replica.go, reads.go).
//
// Beside clusters there are pools of TCP and HTTP services: balance.go runs
// them, balanceplan.go and httpplan.go say what the configuration means to
// their rooms, discovered.go follows where their servers are listed, and
// httpkeep.go has what HTTP routes keep of answers.
//
// It never looks at a query. When a client cannot get in, look at visit.go,
// prove.go and seat.go; when wye cannot get to a server, at dial.go and
// primary.go; when its probes cannot, at asker.go; when a new table's reads
// stay on the primary, at catalog.go.
package proxy
