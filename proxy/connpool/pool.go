package connpool

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Limits of one pool. Zero durations mean no limit.
type Limits struct {
	Size         int           // server conns for everyone
	Min          int           // conns kept open while the pool is in use
	Reserve      int           // further conns, once a client has waited ReserveAfter
	ReserveAfter time.Duration //
	QueueTimeout time.Duration // a client waits at most so long for a conn
	Idle         time.Duration // an unused conn is closed after this
	Lifetime     time.Duration // a conn is not reused when older than this
	Prepared     int           // statements kept per server conn
	LoginRetry   time.Duration // pause after a login that failed
}

// Servers is how a pool reaches its servers.
type Servers interface {
	Dial(ctx context.Context) (*protocol.ServerConn, error)
	Cancel(ctx context.Context, conn *protocol.ServerConn) error
}

// Pool lends the server conns of one (database, user). Safe for concurrent
// use. Idle conns are lent last in, first out, so that few stay warm; waiting
// sessions are served in order.
type Pool struct {
	Database, User string

	servers Servers
	hangups *protocol.Hangups
	nextID  func() uint64

	// OnLost is called when the server hangs up on an idle conn; nil is
	// fine. It must not block. To be set before the pool is used.
	OnLost func()

	mu        sync.Mutex
	limits    Limits
	all       map[*Conn]struct{}
	idle      []*Conn // the last one was released last; none while paused
	leaving   []*Conn // discarded, to be closed when mu is unlocked
	waiting   waitList
	dialling  int
	paused    bool
	closed    bool
	epoch     int
	home      string    // of the last Turn: where conns are to be
	homeEpoch int       // the epoch that it began
	refused   error     // of the last dial, nil after one that worked
	retryAt   time.Time // no dial before this
	dials     sync.WaitGroup
	ctx       context.Context
	stop      context.CancelFunc

	assigned uint64 // conns lent, ever
	profiles map[Params]Params
}

// NewPool returns an empty pool. nextID numbers server conns across pools.
func NewPool(database, user string, l Limits, servers Servers, hangups *protocol.Hangups, nextID func() uint64) *Pool {
	ctx, stop := context.WithCancel(context.Background())
	return &Pool{
		Database: database, User: user, servers: servers, hangups: hangups, nextID: nextID,
		limits: l, all: map[*Conn]struct{}{}, ctx: ctx, stop: stop, profiles: map[Params]Params{},
	}
}

// Acquire lends a conn to the session, waiting for one when all are in use.
// Errors are *pgerror.Error: the queue timed out or was cancelled, the pool
// is closing, or the server refused the login (its own error, verbatim).
func (p *Pool) Acquire(w *Waiter) (*Conn, error) {
	p.mu.Lock()
	if c := p.popIdle(); c != nil {
		p.lend(c, w.Session)
		p.unlock()
		return c, nil
	}
	if err := p.refusal(); err != nil {
		p.unlock()
		return nil, err
	}
	w.prepare()
	p.waiting.push(w)
	p.growIfNeeded()
	timeout := p.limits.QueueTimeout
	p.unlock()
	return p.wait(w, timeout)
}

// TryAcquire lends an idle conn, if there is one that nobody waits for;
// otherwise nil. It is what most transactions need of Acquire.
func (p *Pool) TryAcquire(session uint64) *Conn {
	p.mu.Lock()
	c := p.popIdle()
	if c != nil {
		p.lend(c, session)
	}
	p.unlock()
	return c
}

// Reacquire lends that very conn, when it is idle and nobody has used it
// since the session had it; otherwise nil.
func (p *Pool) Reacquire(c *Conn, session uint64) *Conn {
	p.mu.Lock()
	defer p.unlock()
	if c.lent || c.LastUser != session || !p.takeIdle(c) {
		return nil
	}
	if p.worn(c) {
		p.discard(c)
		return nil
	}
	p.lend(c, session)
	return c
}

// popIdle takes a conn that can be lent, or nil. p.mu is held.
func (p *Pool) popIdle() *Conn {
	if p.waiting.len() > 0 {
		return nil
	}
	for n := len(p.idle); n > 0; n = len(p.idle) {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		if !p.worn(c) {
			return c
		}
		p.discard(c)
	}
	return nil
}

// takeIdle takes that conn out of the idle ones, if it is there.
func (p *Pool) takeIdle(c *Conn) bool {
	i := slices.Index(p.idle, c)
	if i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	return i >= 0
}

// worn reports whether c must not be lent again.
func (p *Pool) worn(c *Conn) bool {
	return c.Dead() || c.doomed || c.retired || c.epoch != p.epoch || c.stray.Load()
}

func (p *Pool) lend(c *Conn, session uint64) {
	p.assigned++
	c.lent = true
	c.prepared.max = p.limits.Prepared
	c.user.Store(session)
}

// refusal returns why waiting would be in vain. p.mu is held.
func (p *Pool) refusal() error {
	switch {
	case p.closed:
		return pgerror.New(pgerror.CannotConnectNow, "the database is not served any more")
	case p.refused != nil && !p.paused && p.serving() == 0 && p.dialling == 0 && time.Now().Before(p.retryAt):
		return p.refused
	}
	return nil
}

// Release takes a conn back. Its server must be idle and hold nothing of the
// session's; a doomed conn is closed.
func (p *Pool) Release(c *Conn) {
	p.mu.Lock()
	defer p.unlock()
	if !c.lent {
		panic("connpool: a conn was released twice") // two clients would share it
	}
	c.lent = false
	c.LastUser = c.user.Swap(0)
	c.Unasked = nil
	if c.Status != protocol.TxIdle {
		c.doomed = true
	}
	p.takeIn(c)
}

// takeIn gives a conn that is in nobody's hands to whoever waits first, keeps
// it idle, or closes it. p.mu is held.
func (p *Pool) takeIn(c *Conn) {
	if p.worn(c) || p.closed || p.paused || p.excess() {
		p.discard(c)
		p.growIfNeeded()
		return
	}
	if w := p.waiting.pop(); w != nil {
		p.lend(c, w.Session)
		w.give(c, nil)
		return
	}
	c.idleAt = time.Time{} // set by the next Maintain: no clock on this path
	p.idle = append(p.idle, c)
}

// excess reports whether there are more conns than the limits (now) allow.
func (p *Pool) excess() bool {
	return len(p.all) > p.limits.Size+p.limits.Reserve
}
