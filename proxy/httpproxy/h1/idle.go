package h1

import (
	"slices"
	"time"
)

// take is the conn to the server that was last used, of those that still
// live, or nil.
func (c *Carrier) take(addr string) *conn {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.idle[addr]
	for n := len(all); n > 0; n = len(all) {
		co := all[n-1]
		all[n-1] = nil
		all = all[:n-1]
		c.idle[addr] = all
		if now.Sub(co.since) < c.Idle {
			return co
		}
		_ = co.Close() // what lies below it is older still; the broom has them
	}
	return nil
}

// keep takes a conn back whose answer has ended, if there is room for it.
func (c *Carrier) keep(co *conn) {
	co.used, co.since = true, time.Now()
	c.mu.Lock()
	all := c.idle[co.addr]
	room := !c.closed && len(all) < c.MaxIdle && c.Idle > 0
	if room {
		if c.idle == nil {
			c.idle = make(map[string][]*conn)
		}
		c.idle[co.addr] = append(all, co)
		if c.broom == nil {
			c.broom = time.AfterFunc(c.sweepTime(), c.sweep)
		}
	}
	c.mu.Unlock()
	if !room {
		_ = co.Close()
	}
}

// sweepTime is how often unused conns are looked at.
func (c *Carrier) sweepTime() time.Duration { return max(c.Idle/4, time.Millisecond) }

// sweep closes unused conns that are too old or that their server has closed.
func (c *Carrier) sweep() {
	now := time.Now()
	var dead []*conn
	c.mu.Lock()
	for addr, all := range c.idle {
		c.idle[addr] = slices.DeleteFunc(all, func(co *conn) bool {
			gone := now.Sub(co.since) >= c.Idle || !co.quiet()
			if gone {
				dead = append(dead, co)
			}
			return gone
		})
		if len(c.idle[addr]) == 0 {
			delete(c.idle, addr)
		}
	}
	if c.broom = nil; len(c.idle) > 0 {
		c.broom = time.AfterFunc(c.sweepTime(), c.sweep)
	}
	c.mu.Unlock()
	for _, co := range dead {
		_ = co.Close()
	}
}

// CloseIdleConnections closes all unused conns, for good: those in use close
// with their answers.
func (c *Carrier) CloseIdleConnections() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, all := range c.idle {
		for _, co := range all {
			_ = co.Close()
		}
	}
	clear(c.idle)
	if c.broom != nil {
		c.broom.Stop()
		c.broom = nil
	}
}
