// Package freshness is the one clock that says how old a replica's answer can
// be. A watcher tells it, at known instants, how far the primary had written
// its log and how far each replica has replayed; sessions tell it when a
// write was acknowledged. Read-your-writes, staleness bounds and the validity
// of a cached result are then one comparison of two instants.
//
// A Clock owns the samples of one cluster on one timeline, the freshness of
// up to 64 servers and the instant of the last write per table. Its
// argument: a primary that is asked at t for its insert position has already
// inserted whatever was acknowledged before t, so a replica that has replayed
// up to the answer shows all of it. Losing a sample is always safe: the
// replica looks older than it is, never younger.
//
// It asks nobody, starts no goroutine and imports none of our packages. When
// an idle replica never looks fresh, look at lsn.go (page headers); when a
// late one looks older than it is, at ring.go (thinning); when a reader sleeps
// through the moment it waited for, at wait.go.
package freshness
