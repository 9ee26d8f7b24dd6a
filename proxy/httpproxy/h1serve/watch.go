package h1serve

import (
	"errors"
	"os"
	"sync"
	"time"
)

// watchAfter is how long a request has been handled, its body read, before
// anybody looks whether its client is still there: most are over sooner, and
// looking costs a goroutine.
const watchAfter = 20 * time.Millisecond

// watch looks whether a client leaves while its request is handled. It is
// guarded by the conn's mu.
type watch struct {
	timer   *time.Timer
	life    *life     // of the request under way; nil: none is
	came    bool      // all of that request has: nobody else reads from the conn
	looking bool      // a goroutine reads from the conn
	ended   sync.Cond // it does not any more
}

func (w *watch) init(c *conn) {
	w.ended.L = &c.mu
	w.timer = time.AfterFunc(time.Hour, c.look)
	w.timer.Stop()
}

// begin says that a request is handled now, and whether its body has come.
func (w *watch) begin(l *life, all bool) {
	w.ended.L.Lock()
	defer w.ended.L.Unlock()
	w.life, w.came = l, all
	if all {
		w.timer.Reset(watchAfter)
	}
}

// bodyCame says that nothing but the next request is to be read. It may come
// from any goroutine, also too late.
func (w *watch) bodyCame() {
	w.ended.L.Lock()
	defer w.ended.L.Unlock()
	if w.life != nil && !w.looking {
		w.came = true
		w.timer.Reset(watchAfter)
	}
}

// look is what the timer does: it reads until the client says something or has
// left. It may come late, during the next request, whose body is others' to read.
func (c *conn) look() {
	w := &c.watch
	c.mu.Lock()
	if w.life == nil || !w.came || w.looking || c.r != c.w || c.err != nil || c.fault != nil {
		c.mu.Unlock() // it is over, or the client has said something already
		return
	}
	w.looking = true
	c.unbounded()
	c.mu.Unlock()
	c.r, c.w = 0, 0
	n, err := c.nc.Read(c.buf)
	n, c.fault = c.scan.Scan(c.buf[:n])
	c.w = n
	c.mu.Lock()
	defer c.mu.Unlock()
	w.looking = false
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.err = err
		if w.life != nil {
			w.life.end()
		}
	}
	w.ended.Broadcast()
}

// end says that the request is not handled any more. When it returns, nobody
// else reads from the conn.
func (w *watch) end(c *conn) {
	w.timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	w.life = nil
	for w.looking {
		_ = c.nc.SetReadDeadline(time.Unix(1, 0))
		w.ended.Wait()
		c.unbounded()
	}
}
