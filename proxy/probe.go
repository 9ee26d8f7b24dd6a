package proxy

import "github.com/wyeproxy/wye/proxy/connpool"

// probe tries to reach a primary that could not be reached the last time. A
// load balancer that asks /readyz sends no clients meanwhile, who would
// otherwise find out. The probe is a login in one of the pools, for want of
// any credential of wye's own.
func (c *cluster) probe() {
	if c.up.Load() || !c.asked.Load() || c.probing.Load() || c.fleet.Load().found.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused {
		return
	}
	for _, p := range c.pools {
		c.probing.Store(true)
		c.probes.Add(1)
		go c.try(p)
		return
	}
}

func (c *cluster) try(p *userPool) {
	defer c.probes.Done()
	defer c.probing.Store(false)
	if conn, err := p.Acquire(&connpool.Waiter{Session: c.nextID()}); err == nil {
		p.Release(conn)
	}
}
