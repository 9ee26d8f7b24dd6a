package proxy

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/stats"
)

// userPool is the server conns of one user of a cluster: a pool at the
// primary, which is the embedded one, and one per replica that was read from.
// Its methods that pools have too act on all of them. It implements
// session.Servers.
type userPool struct {
	*connpool.Pool
	cluster  *cluster
	servers  *servers
	counts   *stats.Pool
	settings atomic.Pointer[session.Settings]
	clients  atomic.Int32
	path     atomic.Pointer[string] // see session.Shards.Path
	welcome  atomic.Bool            // a client has proved itself: servers can log in

	// readers are by address. The map is never changed, but replaced, under
	// cluster.mu.
	readers atomic.Pointer[map[string]*reader]
}

func (c *cluster) newPool(user string, u *config.User, counts *stats.Pool) *userPool {
	r := c.route.Load()
	p := &userPool{cluster: c, servers: &servers{cluster: c, user: user}, counts: counts}
	p.Pool = connpool.NewPool(c.name, user, limitsOf(r.cluster.Pool, u), p.servers, c.hangups, c.nextID)
	p.settings.Store(c.settingsFor(&r.cluster, user, u))
	p.readers.Store(new(map[string]*reader))
	return p
}

// credential notes what a client's login gave to log in to servers with.
func (p *userPool) credential(r *route, given *auth.Credential) {
	if r.cluster.Backend.User != config.SameUser {
		given = auth.PasswordCredential(r.cluster.Backend.Password.Reveal())
	}
	if given != nil || p.servers.credential.Load() == nil {
		p.servers.credential.Store(given)
	}
	if !p.welcome.Swap(true) {
		p.cluster.watched()
	}
}

// renew replaces what logs in to servers when the configuration gives
// another password: clients that are in need it without logging in again.
func (p *userPool) renew(r *route, u *config.User) {
	switch {
	case r.cluster.Backend.User != config.SameUser:
		p.credential(r, nil)
	case u != nil && u.Password.Kind() == config.PasswordPlain:
		p.credential(r, auth.PasswordCredential(u.Password.Reveal()))
	}
}

// each calls f with every pool.
func (p *userPool) each(f func(*connpool.Pool)) {
	f(p.Pool)
	for _, r := range *p.readers.Load() {
		f(r.pool)
	}
}

func (p *userPool) Pause()                      { p.each((*connpool.Pool).Pause) }
func (p *userPool) Resume()                     { p.each((*connpool.Pool).Resume) }
func (p *userPool) Reconnect()                  { p.each((*connpool.Pool).Reconnect) }
func (p *userPool) Close()                      { p.each((*connpool.Pool).Close) }
func (p *userPool) Maintain(now time.Time)      { p.each(func(q *connpool.Pool) { q.Maintain(now) }) }
func (p *userPool) SetLimits(l connpool.Limits) { p.each(func(q *connpool.Pool) { q.SetLimits(l) }) }

// Outdated counts what Reconnect wants closed.
func (p *userPool) Outdated() (n int) {
	p.each(func(q *connpool.Pool) { n += q.Outdated() })
	return n
}

// Conns lists the conns to all servers.
func (p *userPool) Conns() (list []connpool.ConnState) {
	p.each(func(q *connpool.Pool) { list = append(list, q.Conns()...) })
	return list
}

// Counts is the sum over all servers; what is not a number is the primary's.
func (p *userPool) Counts(now time.Time) connpool.Counts {
	sum := p.Pool.Counts(now)
	for _, r := range *p.readers.Load() {
		n := r.pool.Counts(now)
		sum.Active += n.Active
		sum.Idle += n.Idle
		sum.Dialling += n.Dialling
		sum.Waiting += n.Waiting
		sum.Assigned += n.Assigned
		sum.LongestWait = max(sum.LongestWait, n.LongestWait)
	}
	return sum
}

// reader is the conns of one user to one replica.
type reader struct {
	pool  *connpool.Pool
	shown atomic.Pointer[session.Reader] // for the present configuration
}

// reader returns the conns to a node, made at their first use; nil when the
// cluster is closed.
func (p *userPool) reader(node config.Node) *reader {
	if r := (*p.readers.Load())[node.Addr]; r != nil {
		return r
	}
	c := p.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	old := *p.readers.Load()
	if r := old[node.Addr]; r != nil || c.closed {
		return r
	}
	d := &replicaServers{servers: p.servers, node: node}
	r := &reader{pool: connpool.NewPool(c.name, p.User, p.Pool.Limits(), d, c.hangups, c.nextID)}
	r.pool.OnLost = d.lost
	if c.paused {
		r.pool.Pause()
	}
	readers := maps.Clone(old)
	if readers == nil {
		readers = map[string]*reader{}
	}
	readers[node.Addr] = r
	p.readers.Store(&readers)
	return r
}

// dismiss closes the conns to servers that are not of the cluster any more.
func (p *userPool) dismiss(nodes []config.Node) {
	p.cluster.mu.Lock()
	var gone []*reader
	left := map[string]*reader{}
	for addr, r := range *p.readers.Load() {
		if slices.ContainsFunc(nodes, func(n config.Node) bool { return n.Addr == addr }) {
			left[addr] = r
		} else {
			gone = append(gone, r)
		}
	}
	p.readers.Store(&left)
	p.cluster.mu.Unlock()
	for _, r := range gone {
		r.pool.Sever("", errReaderGone)
		r.pool.Close()
	}
}
