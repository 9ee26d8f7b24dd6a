package connpool

import (
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
)

// Conn is a server conn that belongs to a Pool. Between Acquire and Release
// it belongs to one session; only the methods that say so may be called by
// others.
type Conn struct {
	*protocol.ServerConn

	ID       uint64
	Params   Params // what is set in the server's session, beyond its defaults
	Reported Params // the ParameterStatus values that the server has sent

	// Unasked holds whole NotificationResponse frames that came while Ask
	// waited for its own answer. The borrower passes them on to its client,
	// if that listens, and sets it to nil.
	Unasked []byte

	// Unnamed identifies whose unnamed statement the server holds: a number
	// that the session chose, 0 when it is nobody's or unknown.
	Unnamed uint64

	// LastUser is the id of the session that had the conn last: what it left
	// in currval() is still its own if nobody came between.
	LastUser uint64

	pool     *Pool
	prepared preparedSet
	doomed   bool // the borrower's

	// Guarded by the pool's mutex.
	born    time.Time
	idleAt  time.Time
	epoch   int  // of the pool when it was dialled; RECONNECT makes it old
	retired bool // older than the limit
	lent    bool
	unwatch func()

	dead    atomic.Bool
	onDeath atomic.Pointer[func()]
	cancels atomic.Int32
	stray   atomic.Bool   // a cancel request may still be under way
	calm    chan struct{} // one token when the last cancel in flight has ended
	user    atomic.Uint64 // session that has it, 0 when idle
}

// Dead reports whether the server has hung up. Any goroutine may call it.
func (c *Conn) Dead() bool { return c.dead.Load() }

// OnDeath has f called, once, when the server hangs up while the borrower is
// not reading from it; nil forgets it. f must not block.
func (c *Conn) OnDeath(f *func()) { c.onDeath.Store(f) }

func (c *Conn) hungUp() {
	c.die()
	c.pool.lost(c)
}

// die tells the borrower, if there is one, that the server is gone.
func (c *Conn) die() {
	c.dead.Store(true)
	if f := c.onDeath.Load(); f != nil {
		(*f)()
	}
}

// Doom has the conn closed instead of reused when it is released.
func (c *Conn) Doom() { c.doomed = true }

// Doomed reports whether the conn will be closed when it is released: after
// an error that left it out of step, and after Doom.
func (c *Conn) Doomed() bool { return c.doomed }

// NoteReported takes in a ParameterStatus that the server sent.
func (c *Conn) NoteReported(body []byte) {
	p, ok := protocol.ParseParameterStatus(body)
	if !ok {
		return
	}
	if r := c.Reported.With(p.Name, toldOf(p.Name, p.Value)); r.size() <= maxReported {
		c.Reported = r
	}
}

// toldOf is the value that clients are told of what a server reports. A
// session reads from standbys and writes to the primary: whatever server is
// asked, the cluster is not in recovery.
func toldOf(name, value string) string {
	if name == "in_hot_standby" {
		return "off"
	}
	return value
}

// maxReported bounds, in bytes, what a server can make us remember of it.
// PostgreSQL reports fifteen parameters.
const maxReported = 64 << 10

// Release gives the conn back to its pool; see [Pool.Release].
func (c *Conn) Release() { c.pool.Release(c) }
