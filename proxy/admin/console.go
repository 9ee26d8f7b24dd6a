package admin

import (
	"context"

	"github.com/wyeproxy/wye/proxy/stats"
)

// Role is what a console user may do.
type Role int

// None is refused everything; a Viewer may SHOW; an Admin may also use verbs.
const (
	None Role = iota
	Viewer
	Admin
)

// String is the word of the configuration.
func (r Role) String() string { return [...]string{"none", "viewer", "admin"}[r] }

// ShutdownMode says what SHUTDOWN waits for.
type ShutdownMode int

// The three ways of PgBouncer: at once, when no server conn is in use any
// more, when the last client has left.
const (
	ShutdownNow ShutdownMode = iota
	ShutdownWaitForServers
	ShutdownWaitForClients
)

// Control is what the console needs of the proxy. Every method is safe for
// concurrent use. An error that is a *pgerror.Error reaches the client as it
// is, any other as its text. A database of "" means all databases; an unknown
// one is an error (3D000).
type Control interface {
	// Snapshot describes the process now. The caller does not change it.
	Snapshot() *stats.Snapshot

	// Pause lets running transactions end, holds new ones, closes the server
	// conns and returns when that is done, or with ctx.Err().
	Pause(ctx context.Context, database string) error
	// Suspend holds all traffic but keeps the server conns; it returns when
	// nothing moves, or with ctx.Err().
	Suspend(ctx context.Context) error
	// Resume undoes Pause, Suspend and Kill. Nothing to undo is an error.
	Resume(database string) error
	// Disable refuses new clients of the database, Enable admits them again.
	Disable(database string) error
	Enable(database string) error
	// Reconnect closes each server conn when its current use ends.
	Reconnect(database string) error
	// FlushCache forgets the kept answers that read the table, or all if it
	// is "".
	FlushCache(table string) error
	// PurgeHTTP forgets answers of HTTP and says of each route with a cache that
	// is meant what went, in the order of their names. An unknown route is an
	// error (42704).
	PurgeHTTP(p Purge) ([]Purged, error)
	// WaitClose waits until the conns that Reconnect or Reload marked are gone.
	WaitClose(ctx context.Context, database string) error
	// Kill drops the clients and server conns at once and leaves the database paused.
	Kill(database string) error
	// KillClient ends one client; id is that of SHOW CLIENTS.
	KillClient(id uint64) error

	// Switchover makes node, as SHOW HOSTS names it, the primary of the
	// database's cluster, or the freshest replica if node is "".
	// A database of "" is the only one there is; an error if there are more.
	// It returns when writes go to the new primary, with a line that says so
	// to people, or with ctx.Err().
	Switchover(ctx context.Context, database, node string) (string, error)

	// OrderServer takes a server of a pool out of use or back; an unknown one
	// is an error (42704).
	OrderServer(pool, server string, order ServerOrder) error

	// Reload reads the configuration again; on an error the old one stays.
	Reload() error
	// Shutdown begins to stop the process and returns.
	Shutdown(mode ShutdownMode) error
}

// Console serves console sessions. Safe for concurrent use.
type Console struct{ control Control }

// New returns a console that looks at and steers control.
func New(control Control) *Console { return &Console{control: control} }

// Session is what the login found out about a console client.
type Session struct {
	User     string
	Database string // the console database that it named
	Role     Role

	// BackendKey is the body of a BackendKeyData message (process ID, then the
	// secret) to send before the first ReadyForQuery; nil if the caller has
	// sent it or there is none.
	BackendKey []byte

	// Interrupt lets the caller pass on cancel requests; may be nil.
	Interrupt *Interrupt
}
