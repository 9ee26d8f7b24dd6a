// Package session is one client's life: from the moment it has logged in to
// its last byte.
//
// A Session owns its client conn and all of the client's state, and borrows a
// server conn from a pool when there is something to ask. One goroutine runs
// it; nothing in it has a lock. While a request is larger than the sockets
// can hold, during COPY, and while it listens, a second goroutine (pump.go)
// relays what the server sends, and is joined before the first one goes on.
//
// The walk of a request: read.go takes frames from the client; simple.go,
// prepare.go and bind.go turn them into what the server is to be sent and
// queue what it will answer (queue.go); attach.go borrows the conn, exchange.go
// sends; relay.go passes the answers on, edit.go where they differ from what
// the server sent; effect.go notes what the statements did to the session, and
// at ReadyForQuery (ready.go) finish.go has settlechange.go ask the server where
// the text did not tell, and releases the conn.
//
// On shards, target.go says where a statement goes, routeshards.go and
// lookahead.go where a batch does: by the same walk to one shard, or to the
// gang (gang.go), the conns at several. gangrun.go and gangbatch.go have it run
// an order (order.go): launch.go sends its legs, settle.go follows and ends the
// answers, scatter.go, fold.go and combine.go put rows together, limit.go and
// columns.go are what they share, emit.go tells the client; broadcast.go,
// move.go and carry.go write; copyinshards.go with copyinrows.go, and
// copyoutshards.go, are COPY.
//
// It never decides which server to use and never keeps a row. When a client
// gets an answer that belongs to another request, look at queue.go; when a
// conn is not released, at finish.go and SHOW PINS; when a row of several
// shards is missing, at EXPLAIN ROUTE, then at settle.go.
package session
