package session

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/upstream"
	"github.com/wyeproxy/wye/router"
)

// Servers is what a session knows of its cluster's servers, beside its
// user's pool at the primary. Safe for concurrent use; nothing in it waits
// unless it says so.
type Servers interface {
	// Router judges statements for the cluster's database.
	Router() *router.Router
	// Reader picks a replica that will do; nil when none will.
	Reader(w Want) *Reader
	// Fresh waits until some replica shows everything acknowledged before
	// at, but not longer than timeout.
	Fresh(ctx context.Context, at freshness.Instant, timeout time.Duration) bool
	// FreshAsOf is the moment before which everything acknowledged is shown by
	// what is read at that replica from now on; 0 when that is not known.
	FreshAsOf(r *Reader) freshness.Instant
	// Lost notes that a conn to the server of that address was lost.
	Lost(addr string)
	// Wrote notes that a write was acknowledged at that time, before the
	// client hears of it: to these tables, or to anything. ddl: the catalog
	// may be another now.
	Wrote(at freshness.Instant, tables []string, all, ddl bool)
	// Missed notes that a statement names what the router does not know: the
	// catalog is read again, if that was not done a moment ago.
	Missed()
	// LastWrite is when a write to one of the tables, or (tables nil) to
	// anything, was acknowledged last by this proxy; 0 = never.
	LastWrite(tables []string) freshness.Instant
	// Token is a text that AsOf takes, here or in another process: it stands
	// for everything acknowledged before at. It may ask the primary.
	Token(ctx context.Context, at freshness.Instant) (string, error)
	// AsOf is the moment that a token stands for.
	AsOf(token string) (freshness.Instant, error)
	// Hold counts in a request of n bytes that is about to wait because no
	// primary is known. It is nil when there is one; or too many wait, which
	// is the error. release is to be called when the wait is over.
	Hold(n int) (release func(), err error)
}

// Want says which replicas will do.
type Want struct {
	Home  *Reader           // that was read from last, nil = none
	Floor freshness.Instant // everything acknowledged before it must be visible
	Seen  freshness.Instant // and before this, on any other node than Home
	Avoid uint64            // bits of nodes that have just failed this request
	Key   uint64            // names the client, for balance: hash
}

// Reader is one replica, for the clients of one pool, from its coming up to
// its going down: after a crash a server may show less than it did, so it is
// another Reader then.
type Reader struct {
	Node int // index in the cluster's nodes
	Pool *connpool.Pool
	Host *upstream.Upstream // is told of what the session does there: Begin and End
}

// Scope is whose writes a read must show.
type Scope int

// The scopes, as split.read_your_writes names them.
const (
	ScopeOff Scope = iota
	ScopeSession
	ScopeTable
	ScopeDatabase
)

// Reads is where a client's reads go: the part of its Settings that the
// cluster's split section and the user's own settings give.
type Reads struct {
	Replicas     bool // there are replicas to read from
	Split        bool // proven reads go there unasked
	Transactions bool // also for reads at the front of READ COMMITTED transactions
	Scope        Scope
	MaxStaleness time.Duration // 0 = any
	Wait         time.Duration // for a replica to become fresh
	NoFallback   bool          // a read that no replica can serve is refused
}
