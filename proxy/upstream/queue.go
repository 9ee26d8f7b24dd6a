package upstream

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// queue is those who wait for a place, first come, first served. Its lock is
// taken before Pool.mu where both are.
type queue struct {
	waiting atomic.Int64 // changed under mu, read without

	mu         sync.Mutex
	head, tail *waiter
	counts     QueueCounts
	wake       *time.Timer // looks again when time alone may make a place
	wakeAt     int64       // when, by the pool's clock; 0 is not set
	closed     bool
}

// waiter is one Take that waits. Guarded by queue.mu, but for done.
type waiter struct {
	want       Want
	next, prev *waiter
	got        *Upstream
	err        error
	settled    bool
	done       chan struct{} // closed when settled
}

// QueueCounts is what became of the requests that found every upstream at its
// limit: In = Served + TimedOut + Gone + Full + Nobody + those that wait.
type QueueCounts struct {
	In       int64 // came to the queue
	Served   int64 // got a place
	TimedOut int64 // waited Queue.Timeout for nothing
	Gone     int64 // their ctx ended first
	Full     int64 // found the queue full
	Nobody   int64 // waited until no usable upstream was left
}

// wait has a request wait for its place.
func (p *Pool) wait(ctx context.Context, w Want) (*Upstream, error) {
	q, s := &p.queue, p.set.Load().Queue
	me := &waiter{want: w, done: make(chan struct{})}
	q.mu.Lock()
	q.counts.In++
	full := q.waiting.Load() >= int64(s.Length)
	// 1. waiting is counted. 2. serve looks for a place. An End first gives up
	// its place and then looks at waiting: one of the two sees the other.
	q.push(me)
	p.serve(w.Now)
	if !me.settled && full {
		q.settle(me, nil, ErrQueueFull, &q.counts.Full)
	}
	q.mu.Unlock()

	timer := time.NewTimer(s.Timeout)
	defer timer.Stop()
	select {
	case <-me.done:
	case <-timer.C:
		p.giveUp(me, p.errTimeout(), &q.counts.TimedOut)
	case <-ctx.Done():
		p.giveUp(me, ctx.Err(), &q.counts.Gone)
	}
	return me.got, me.err
}

// giveUp ends a wait, unless it has just been settled: then that holds.
func (p *Pool) giveUp(x *waiter, why error, count *int64) {
	q := &p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if !x.settled {
		q.settle(x, nil, why, count)
	}
}

// served lets those who wait look for a place, after anything that may have
// made one. Without Pool.mu.
func (p *Pool) served(now int64) {
	if p.queue.waiting.Load() == 0 {
		return
	}
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	p.serve(now)
}

// serve gives places to those in the queue who can use them, in their order.
// The caller holds queue.mu.
func (p *Pool) serve(now int64) {
	q := &p.queue
	for x := q.head; x != nil; {
		next := x.next
		x.want.Now = now
		switch u, err := p.try(x.want); {
		case u != nil:
			q.settle(x, u, nil, &q.counts.Served)
		case err != nil:
			q.settle(x, nil, err, &q.counts.Nobody)
		case x.want.anybody():
			next = nil // where he who takes anyone finds nobody, those behind do not either
		}
		x = next
	}
	p.armWake(now)
}

// armWake sets the time at which serve is to be called though nothing happens:
// an ejection ends, or a slow start has gone a step further. The caller holds
// queue.mu.
func (p *Pool) armWake(now int64) {
	q := &p.queue
	at := p.nextPlace(now)
	if q.head == nil || q.closed || at == q.wakeAt {
		return
	}
	if q.wake != nil {
		q.wake.Stop()
	}
	if q.wakeAt = at; at == 0 {
		return
	}
	q.wake = time.AfterFunc(time.Duration(max(0, at-p.clock())), p.woken)
}

// woken is the end of the wake timer: it serves and ends.
func (p *Pool) woken() {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	p.queue.wakeAt = 0
	if !p.queue.closed {
		p.serve(p.clock())
	}
}

// close ends the wake timer. Who waits still gets the places of those who end.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.wake != nil {
		q.wake.Stop()
	}
}

func (q *queue) push(x *waiter) {
	x.prev = q.tail
	if q.tail == nil {
		q.head = x
	} else {
		q.tail.next = x
	}
	q.tail = x
	q.waiting.Add(1)
}

// settle takes x out of the queue with its result. The caller holds mu.
func (q *queue) settle(x *waiter, u *Upstream, err error, count *int64) {
	if x.prev == nil {
		q.head = x.next
	} else {
		x.prev.next = x.next
	}
	if x.next == nil {
		q.tail = x.prev
	} else {
		x.next.prev = x.prev
	}
	q.waiting.Add(-1)
	*count++
	x.got, x.err, x.settled = u, err, true
	close(x.done)
}

// Queued is how many requests wait for a place, and what became of all who came
// to wait.
func (p *Pool) Queued() (waiting int64, counts QueueCounts) {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	return p.queue.waiting.Load(), p.queue.counts
}
