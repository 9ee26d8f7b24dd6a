// Package watch watches the servers of one cluster: who is the primary, which
// replicas may be read, and how fresh they are. Roles are detected, never
// declared.
//
// A Watcher owns one goroutine per server (prober.go), which asks one short
// question over one kept connection, and one that announces changes. What it
// finds goes into atomics that sessions read without waiting, and into the
// cluster's freshness.Clock. roles.go decides who is primary and health.go
// who is up; both are pure and know no clock. A hanging server delays nobody
// but its own goroutine.
//
// It never opens a socket to a server: the Asker does, and is handed in. It
// never promotes, and never sends a client's statement.
//
// When a primary is not accepted, look at roles.go and its table test; when a
// replica is out of rotation, at readers in publish.go; when detection is
// slow or probes are too many, at cadence.go; when a server's version or its
// rights upset the question, at question.go; when Patroni disagrees, at
// patroni.go.
package watch
