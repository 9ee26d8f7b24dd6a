package httpproxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// watch cuts off a client of HTTP/2 that keeps a read or write waiting for too
// long. A deadline of net/http would do so too, but strikes a stream also while
// nothing waits on it: when its server has nothing to say, or does not take
// more of a body. One operation at a time; the zero value with cut is ready.
type watch struct {
	cut   func()       // ends what waits; not called after stop
	until atomic.Int64 // when the operation under way has taken too long, ns since processBegan; 0: none is under way
	fires atomic.Int64 // when the timer does, the same; 0: it does not

	mu      sync.Mutex // of the rest, and held during cut
	timer   *time.Timer
	stopped bool
}

// begin says that an operation begins, which may take that long.
func (w *watch) begin(limit time.Duration) {
	until := int64(time.Since(processBegan) + limit)
	w.until.Store(until)
	// The timer is left alone as long as it fires early enough: look sets it
	// anew, so that many short operations cost nothing.
	if fires := w.fires.Load(); fires == 0 || until < fires {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.arm(until)
	}
}

// end says that it is over.
func (w *watch) end() { w.until.Store(0) }

// stop ends the watch.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

// arm has the timer fire then. The caller holds mu.
func (w *watch) arm(at int64) {
	if w.stopped {
		return
	}
	w.fires.Store(at)
	in := time.Duration(at) - time.Since(processBegan)
	if w.timer == nil {
		w.timer = time.AfterFunc(in, w.look)
		return
	}
	w.timer.Reset(in)
}

// look is what the timer does.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	// In this order: an operation that begins now is either seen here, or sees
	// that nobody looks.
	w.fires.Store(0)
	switch until := w.until.Load(); {
	case until == 0 || w.stopped:
	case until > int64(time.Since(processBegan)):
		w.arm(until)
	default:
		w.stopped = true
		w.cut()
	}
}
