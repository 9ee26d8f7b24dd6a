// Package testpg boots real PostgreSQL clusters, a primary and its streaming
// replicas, in about half a second, for tests and for `wye demo`.
//
// It owns a folder per user below the system's temporary directory: a cached
// initdb per PostgreSQL version, and one folder per running cluster with its
// data, sockets, certificates and logs. A cluster's folder is locked by the
// process that booted it, so whatever a crash left behind is recognised, its
// processes killed and the folder removed by the next Boot.
//
// It never touches a cluster it did not make, never listens on 5432 or beyond
// loopback, never keeps a process alive longer than the one that booted it,
// and does not import package testing: Start takes the few methods it needs.
//
// Durability is switched off (fsync, full_page_writes): these clusters
// survive a killed server, not a killed machine.
//
// When it breaks: nothing found is find.go, a server that does not come up
// prints the end of its own log, something left behind is lair.go, wrong
// rights or passwords are conf.go, a replica that cannot follow any more is
// for rejoin.go.
package testpg
