package proxy

import (
	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
)

// everyPool is all pools of the cluster, that of auth_query among them.
func (c *cluster) everyPool() []*userPool {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]*userPool, 0, len(c.pools)+1)
	for _, p := range c.pools {
		list = append(list, p)
	}
	if c.auth != nil {
		list = append(list, c.auth)
	}
	return list
}

// primaryLost keeps conns of a primary that does not answer from being lent.
// Who has one may still get an answer: it is left alone until there is
// another primary.
func (c *cluster) primaryLost() {
	for _, p := range c.everyPool() {
		p.Pool.Outdate()
	}
}

// primaryFound moves all to the new primary. What is still under way at the
// one before it comes to nothing, or would be lost if it was a write; but
// where nobody knew one before, as after a reload, it may end in peace.
func (c *cluster) primaryFound(f *fleet, node int, another bool) {
	at := c.route.Load().options(f.nodes[node]).Addr
	c.reachable(true)
	c.primary.Store(int32(node))
	c.severReaders(f.nodes[node].Addr)
	for _, p := range c.everyPool() {
		if another {
			p.Pool.Sever(at, nil)
		} else {
			p.Pool.Turn(at)
		}
	}
	c.dropKept(cache.FailedOver) // what it shows may never have come here
	c.catalog.hurry()
}

// severReaders ends whatever is read at a server, and has who waits for it
// look for another.
func (c *cluster) severReaders(addr string) {
	for _, p := range c.everyPool() {
		if r := (*p.readers.Load())[addr]; r != nil {
			r.pool.Sever("", errReaderGone)
		}
	}
}

// forgetReader has the next read at a server begin anew: what sessions saw
// there before a crash says nothing about what it shows after one.
func (c *cluster) forgetReader(addr string) {
	for _, p := range c.everyPool() {
		if r := (*p.readers.Load())[addr]; r != nil {
			r.shown.Store(nil)
		}
	}
}

// replicaUp has reads sent to a node again.
func (c *cluster) replicaUp(f *fleet, node int, at freshness.Instant) {
	for _, p := range c.everyPool() {
		if r := (*p.readers.Load())[f.nodes[node].Addr]; r != nil {
			r.pool.Retry()
		}
	}
	if u := f.upstream(node); u != nil {
		u.SetUp(int64(at))
	}
}

// lastPrimary is the primary, or the last that was known, or the first node.
func (c *cluster) lastPrimary(r *route) config.Node {
	f := c.fleet.Load()
	if n, ok := f.primary(); ok {
		return f.nodes[n]
	}
	return r.cluster.Nodes[int(c.primary.Load())%len(r.cluster.Nodes)]
}

// hasPrimary says that there is a primary, as far as anybody knows: one that
// nobody has asked for counts as there.
func (c *cluster) hasPrimary() bool {
	f := c.fleet.Load()
	if _, ok := f.primary(); ok {
		return true
	}
	return !f.found.Load() && (c.up.Load() || !c.asked.Load())
}

// refit applies a route whose servers are others, or watched in another way.
func (c *cluster) refit(r *route) {
	old := c.fleet.Load()
	old.close()
	c.fleet.Store(newFleet(c, r))
	c.watched()
	for _, p := range c.everyPool() {
		p.dismiss(r.cluster.Nodes)
	}
}
