package proxy

import (
	"context"
	"math/bits"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/upstream"
	"github.com/wyeproxy/wye/router"
)

// Router implements session.Servers.
func (p *userPool) Router() *router.Router { return p.cluster.router }

// Reader implements session.Servers.
func (p *userPool) Reader(w session.Want) *session.Reader {
	c := p.cluster
	f := c.fleet.Load()
	among := c.freshEnough(f.watch.Readers()&^w.Avoid, w, p.homeOf(w))
	if among == 0 {
		return nil
	}
	u := c.balance.Pick(upstream.Want{Key: w.Key, Zone: c.route.Load().cluster.Split.Zone, Among: among})
	if u == nil || u.Index() >= len(f.nodes) || f.nodes[u.Index()].Addr != u.Addr {
		return nil // the last: a reload is under way
	}
	r := p.reader(f.nodes[u.Index()])
	if r == nil {
		return nil
	}
	if s := r.shown.Load(); s != nil && s.Host == u {
		return s
	}
	s := &session.Reader{Node: u.Index(), Pool: r.pool, Host: u}
	r.shown.Store(s)
	return s
}

// freshEnough are those of the nodes that show what is asked for.
func (c *cluster) freshEnough(among uint64, w session.Want, home int) uint64 {
	if w.Floor == 0 && w.Seen == 0 {
		return among
	}
	for left := among; left != 0; left &= left - 1 {
		n := bits.TrailingZeros64(left)
		need := w.Floor
		if n != home {
			need = max(need, w.Seen)
		}
		if need != 0 && c.clock.FreshAsOf(n) < need {
			among &^= 1 << n
		}
	}
	return among
}

// homeOf is the node that the session read from last, unless that one went
// down since: it may show less than it did. -1 is none.
func (p *userPool) homeOf(w session.Want) int {
	if w.Home != nil {
		if r := (*p.readers.Load())[w.Home.Host.Addr]; r != nil && r.shown.Load() == w.Home {
			return w.Home.Node
		}
	}
	return -1
}

// once is a context that has ended: SampleNow with it asks for a sample and
// does not wait.
var once = func() context.Context {
	ctx, end := context.WithCancel(context.Background())
	end()
	return ctx
}()

// Fresh implements session.Servers.
func (p *userPool) Fresh(ctx context.Context, at freshness.Instant, timeout time.Duration) bool {
	f := p.cluster.fleet.Load()
	if timeout > 0 {
		_ = f.watch.SampleNow(once)
	}
	return p.cluster.clock.Wait(ctx, at, timeout, f.watch.Replica)
}

// FreshAsOf implements session.Servers.
func (p *userPool) FreshAsOf(r *session.Reader) freshness.Instant {
	return p.cluster.clock.FreshAsOf(r.Node)
}

// Lost implements session.Servers.
func (p *userPool) Lost(addr string) {
	if f, n := p.cluster.find(addr); f != nil {
		f.suspect(n)
	}
}

// Wrote implements session.Servers.
func (p *userPool) Wrote(at freshness.Instant, tables []string, all, ddl bool) {
	c := p.cluster
	c.clock.Wrote(at, tables, all)
	c.fleet.Load().watch.WriteSeen()
	if ddl {
		c.catalog.forget(c.router)
		c.dropKept(cache.Defined)
	}
}

// Missed implements session.Servers.
func (p *userPool) Missed() { p.cluster.catalog.missed() }

// LastWrite implements session.Servers.
func (p *userPool) LastWrite(tables []string) freshness.Instant {
	if tables == nil {
		return p.cluster.clock.WroteAnything()
	}
	return p.cluster.clock.WroteTables(tables)
}
