// Package discover finds the servers of a pool: in a file, in DNS, in etcd or
// in Consul.
//
// A Source lists them; Follow keeps asking it and hands on every list that
// differs from the one before. A list replaces the pool's servers as a reload
// would (upstream.Pool.Use): who stays keeps what is known of it, who is new
// gets no request before its first passing check, and who is gone gets none
// any more while what it has in flight ends in peace.
//
// A registry that fails says nothing about the servers: the last list stays in
// force, and so it does when a list comes out empty, for health checks find
// dead servers sooner than a registry does, and an empty pool serves nobody.
//
// The package owns its connections to the registries. It never talks to the
// servers themselves. When a new server is not found, see the Source's file
// (file.go, dns.go, etcd.go, consul.go); when the registry was away, follow.go.
package discover
