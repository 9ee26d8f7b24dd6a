// Package cache keeps answers of reads in memory and knows until when they are
// true. It is one of the inner rooms: it asks nobody, starts no goroutine and
// imports none of our packages.
//
// An [Entry] holds the server's own frames and the instant as of which they
// are true. Whoever looks one up says since when it must hold: an entry is
// served only if nothing that it read was written after that instant, as far
// as the caller knows, and if it is not older than the rule allows. So validity
// is one comparison of instants, and invalidation needs no message to anybody.
//
// On a miss exactly one caller fills; the others wait for it, each as long as
// it likes, and look again. A fill that came to nothing is nobody's error.
//
// When an answer is older than it may be, look at [Cache.Get]; when memory
// grows beyond the limit, at store.go; when many ask the server at once, at
// flight.go.
package cache
