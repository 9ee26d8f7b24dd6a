package connpool

import (
	"strconv"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Waiter is a session's place in the queue. It lives in the session and is
// reused; it waits in at most one pool at a time.
type Waiter struct {
	Session uint64 // the session's id

	result     chan lent
	timeout    *time.Timer // reused: a busy pool makes every transaction wait
	next, prev *Waiter
	queued     bool
	since      time.Time
}

type lent struct {
	conn *Conn
	err  error
}

func (w *Waiter) prepare() {
	if w.result == nil {
		w.result = make(chan lent, 1)
	}
	w.since = time.Now()
}

// give ends the wait. The channel has room: a waiter is given one thing, by
// whoever took it off the queue.
func (w *Waiter) give(c *Conn, err error) { w.result <- lent{c, err} }

// wait returns what w is given. After a timeout it may have been given a
// conn at the same moment; then it is used.
func (p *Pool) wait(w *Waiter, timeout time.Duration) (*Conn, error) {
	if timeout <= 0 {
		r := <-w.result
		return r.conn, r.err
	}
	if w.timeout == nil {
		w.timeout = time.NewTimer(timeout)
	} else {
		w.timeout.Reset(timeout)
	}
	select {
	case r := <-w.result:
		w.timeout.Stop()
		return r.conn, r.err
	case <-w.timeout.C:
	}
	p.Abandon(w, p.queueTimedOut())
	r := <-w.result
	return r.conn, r.err
}

func (p *Pool) queueTimedOut() *pgerror.Error {
	p.mu.Lock()
	refused, size := p.refused, p.limits.Size
	p.mu.Unlock()
	if e, ok := refused.(*pgerror.Error); ok {
		return e
	}
	return pgerror.New(pgerror.TooManyConnections, "timed out while waiting for a server connection").
		WithDetail("all server connections of this pool were in use for longer than queue_timeout").
		WithHint("raise the pool's size (now " + strconv.Itoa(size) + ") or queue_timeout, or look for long transactions with SHOW SERVERS")
}

// Abandon takes w out of the queue, if it is still there, and ends its wait
// with err. Any goroutine may call it: a cancel request, a shutdown.
func (p *Pool) Abandon(w *Waiter, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.queued {
		p.waiting.remove(w)
		w.give(nil, err)
	}
}

// waitList is the queue of waiters, first come first served.
type waitList struct {
	first, last *Waiter
	n           int
}

func (l *waitList) len() int { return l.n }

func (l *waitList) push(w *Waiter) {
	w.queued, w.prev, w.next = true, l.last, nil
	if l.last != nil {
		l.last.next = w
	} else {
		l.first = w
	}
	l.last = w
	l.n++
}

func (l *waitList) pop() *Waiter {
	w := l.first
	if w != nil {
		l.remove(w)
	}
	return w
}

func (l *waitList) remove(w *Waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		l.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		l.last = w.prev
	}
	w.queued, w.prev, w.next = false, nil, nil
	l.n--
}
