package proxy

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/proxy/upstream"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// cluster is the state behind one database that clients can name; what the
// configuration says of it is in route. It survives reloads.
type cluster struct {
	name      string
	log       *slog.Logger
	hangups   *protocol.Hangups
	nextID    func() uint64
	counts    *stats.Registry
	route     atomic.Pointer[route]
	primary   atomic.Int32 // index of the node that was primary last
	up        atomic.Bool  // the last dial reached a primary
	asked     atomic.Bool  // there was a dial
	disabled  atomic.Bool
	failovers atomic.Int64 // times that another server became the primary
	probing   atomic.Bool  // see probe
	probes    sync.WaitGroup

	clock     *freshness.Clock
	router    *router.Router
	balance   *upstream.Pool // of reads over the nodes; an upstream's index is its node
	fleet     atomic.Pointer[fleet]
	catalog   catalogLoader
	held      held
	life      context.Context // ends with close
	end       context.CancelFunc
	running   atomic.Bool                  // begin was called
	sharded   *sharded                     // of the lead shard of a sharded cluster, else nil
	kept      *atomic.Pointer[cache.Cache] // answers, of all shards; nil: none are kept
	read      func([]byte) *sqlparse.Statement
	elsewhere *elsewhere

	mu      sync.Mutex
	pools   map[string]*userPool
	paused  bool
	closed  bool
	clients int
	secrets map[string]foundSecret // of auth_query
	auth    *userPool              // its pool
}

func newCluster(name string, r *route, s *Server) *cluster {
	cl := &cluster{
		name: name, log: s.log, hangups: s.env.Hangups, nextID: s.env.Registry.NextID, counts: s.counts,
		pools: map[string]*userPool{}, secrets: map[string]foundSecret{},
		kept:  new(atomic.Pointer[cache.Cache]),
		clock: new(freshness.Clock), router: router.New(s.env.SQL.Read), read: s.env.SQL.Read,
	}
	o := upstream.Options{Watched: true, Clock: func() int64 { return int64(freshness.Now()) }}
	settings, targets := balanceOf(&r.cluster)
	var err error
	if cl.balance, err = upstream.New(o, settings, targets); err != nil {
		panic(err) // newRoute and the configuration's own checks leave nothing to refuse
	}
	cl.life, cl.end = context.WithCancel(context.Background())
	cl.catalog.wake = make(chan struct{}, 1)
	cl.elsewhere = newElsewhere(cl)
	cl.route.Store(r)
	cl.keep(&r.cluster)
	cl.fleet.Store(newFleet(cl, r))
	s.counts.Database(name)
	if len(r.others) > 0 || r.places != nil {
		cl.sharded = newSharded(cl, r, s)
	}
	return cl
}

// begin lets the cluster look at its servers. It waits for the first client
// if there is no credential before.
func (c *cluster) begin() {
	c.running.Store(true)
	c.watched()
	c.probes.Add(2)
	go c.loadCatalogs()
	go c.elsewhere.run()
	if c.sharded != nil {
		c.sharded.begin(c)
	}
}

// watched starts the watcher if that is due.
func (c *cluster) watched() {
	if c.running.Load() {
		c.fleet.Load().begin()
	}
}

func (c *cluster) reachable(up bool) {
	c.asked.Store(true)
	c.up.Store(up)
}

// pool returns the pool of a user, made at the user's first visit.
func (c *cluster) pool(user string, u *config.User) *userPool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pools[user]
	if p == nil {
		p = c.newPool(user, u, c.counts.Pool(c.name, user))
		c.pools[user] = p
		if c.paused {
			p.Pause()
		}
	}
	return p
}

// enter counts a client in, unless the cluster or the user has too many.
func (c *cluster) enter(p *userPool, u *config.User) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.route.Load().cluster.MaxClients
	if limit > 0 && c.clients >= limit || u != nil && u.MaxClients > 0 && int(p.clients.Load()) >= u.MaxClients {
		return false
	}
	c.clients++
	p.clients.Add(1)
	return true
}

func (c *cluster) leave(p *userPool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients--
	p.clients.Add(-1)
}

// all returns the cluster's pools by user.
func (c *cluster) all() map[string]*userPool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := make(map[string]*userPool, len(c.pools))
	for user, p := range c.pools {
		m[user] = p
	}
	return m
}

// reconfigure applies what a reload says of the cluster.
func (c *cluster) reconfigure(r *route, cfg *config.Config) {
	if c.sharded != nil {
		c.sharded.reconfigure(r, cfg)
	}
	old := c.route.Swap(r)
	c.keep(&r.cluster)
	c.elsewhere.look()
	c.forgetLookUps()
	if settings, targets := balanceOf(&r.cluster); c.balance.Use(settings, targets) != nil {
		c.log.Error("reads are balanced as before the reload", "cluster", c.name)
	}
	if !sameFleet(old, r) {
		c.refit(r)
	}
	c.watched()
	c.catalog.hurry()
	for user, p := range c.all() {
		u := cfg.User(user)
		p.SetLimits(limitsOf(r.cluster.Pool, u))
		p.settings.Store(c.settingsFor(&r.cluster, user, u))
		p.renew(r, u)
		if !sameServers(&old.cluster, &r.cluster) {
			p.Reconnect()
		}
	}
}

func sameServers(a, b *config.Cluster) bool {
	if len(a.Nodes) != len(b.Nodes) || a.Database != b.Database || a.Backend.User != b.Backend.User || a.Backend.Password != b.Backend.Password || a.Backend.TLS != b.Backend.TLS {
		return false
	}
	for i := range a.Nodes {
		if a.Nodes[i].Addr != b.Nodes[i].Addr {
			return false
		}
	}
	return true
}

// maintain keeps the pools within their limits.
func (c *cluster) maintain(now time.Time) {
	c.others(func(peer *cluster) { peer.maintain(now) })
	c.probe()
	for _, p := range c.everyPool() {
		p.Maintain(now)
	}
}

func (c *cluster) close() {
	c.others((*cluster).close)
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.fleet.Load().close()
	for _, p := range c.everyPool() {
		p.Close()
	}
	c.balance.Close()
	c.probes.Wait()
}
