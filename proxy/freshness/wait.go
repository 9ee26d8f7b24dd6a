package freshness

import (
	"context"
	"time"
)

// Wait returns true as soon as a replica for which usable holds is fresh as
// of at, and false after timeout or when ctx ends. It polls nobody: it is
// woken by Sampled and Replayed. A timeout of 0 only looks. usable is called
// from this goroutine, with numbers below MaxServers, and may call the clock.
func (c *Clock) Wait(ctx context.Context, at Instant, timeout time.Duration, usable func(replica int) bool) bool {
	if c.anyFresh(at, usable) {
		return true
	}
	if timeout <= 0 {
		return false
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	moved := c.enter()
	defer c.leave()
	for {
		// Looked at only after moved was taken: what moves between the
		// look and the select closes the channel that is selected on.
		if c.anyFresh(at, usable) {
			return true
		}
		select {
		case <-moved:
			moved = c.next()
		case <-timer.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (c *Clock) anyFresh(at Instant, usable func(replica int) bool) bool {
	for i := range MaxServers {
		if c.FreshAsOf(i) >= at && usable(i) {
			return true
		}
	}
	return false
}

func (c *Clock) enter() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiters++
	if c.moved == nil {
		c.moved = make(chan struct{})
	}
	return c.moved
}

func (c *Clock) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

func (c *Clock) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiters--; c.waiters == 0 {
		c.moved = nil
	}
}
