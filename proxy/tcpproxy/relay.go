package tcpproxy

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// relay is one client joined to one server. Two goroutines run it, one a
// direction; the last to end closes it.
type relay struct {
	pool *Pool
	to   dialled
	in   half // from the client
	out  half // from the server
	open atomic.Int32
	left func() // the client has gone

	// Guarded by pool.mu.
	prev, next *relay
	began      time.Time // zero once it is looked after
	seen       [2]int64  // bytes at the latest sweep
	movedAt    time.Time
}

// half is one direction.
type half struct {
	relay    *relay
	from, to net.Conn
	moved    atomic.Int64 // bytes
	unheard  bool         // it was to that nothing could be written
	pump     pump
}

// join joins a client and a server, and returns one of its directions for the
// caller to run; nil when the pool is closed. left is called when all is over.
func (p *Pool) join(client net.Conn, to dialled, left func()) *half {
	now := time.Now()
	r := &relay{pool: p, to: to, left: left, began: now, movedAt: now}
	r.in = half{relay: r, from: client, to: to.conn}
	r.out = half{relay: r, from: to.conn, to: client}
	r.open.Store(2)
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		r.sever()
		p.ended(r)
		return nil
	}
	p.running.Add(1)
	p.relays.push(r)
	p.mu.Unlock()
	go r.in.run()
	return &r.out
}

// run moves bytes until there are no more, or the relay is closed.
func (h *half) run() {
	r := h.relay
	err := h.move()
	switch {
	case err == nil:
	case aborted(err) && h.unheard:
		reset(h.from)
		_ = h.to.Close()
	case aborted(err):
		reset(h.to)
		_ = h.from.Close()
	default:
		r.sever()
	}
	if r.open.Add(-1) == 0 {
		r.end() // which says it to both peers
	} else if err == nil {
		closeWrite(h.to) // the other direction goes on
	}
}

// end is called once, when both directions are done.
func (r *relay) end() {
	p := r.pool
	r.sever()
	p.mu.Lock()
	p.relays.remove(r)
	p.account(r)
	p.mu.Unlock()
	p.ended(r)
	p.running.Done()
}

// ended gives back what the relay held.
func (p *Pool) ended(r *relay) {
	r.to.up.Left(p.ups.Now())
	r.left()
}

// sever closes both connections, which wakes both directions.
func (r *relay) sever() {
	_ = r.in.from.Close()
	_ = r.to.conn.Close()
}

// closeWrite says to a peer that nothing more comes, and leaves the other way
// open. On one that is gone it does nothing.
func closeWrite(c net.Conn) {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		_ = w.CloseWrite()
	}
}

// aborted tells whether a peer broke off: its counterpart must not take what
// it got for all there was.
func aborted(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ETIMEDOUT)
}

// reset closes a connection so that the peer sees that it was broken off.
func reset(c net.Conn) {
	if t, ok := c.(socket); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}
