package proxy

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/upstream"
	"github.com/wyeproxy/wye/proxy/watch"
)

// fleet is the servers of one cluster, as one configuration lists them, and
// what watches them. A reload that changes the list or how it is watched
// replaces it. A node is its index in nodes.
type fleet struct {
	cluster *cluster
	nodes   []config.Node
	health  config.Health
	watch   *watch.Watcher
	ask     *asker
	login   atomic.Uint32 // see cluster.visit

	begun  atomic.Bool  // the watcher was started
	found  atomic.Bool  // there was a primary once
	lostAt atomic.Int64 // freshness.Instant since when there is none, 0 while there is

	reign *reign

	mu    sync.Mutex
	ended bool
}

func newFleet(c *cluster, r *route) *fleet {
	f := &fleet{cluster: c, nodes: r.cluster.Nodes, health: r.cluster.Health}
	f.ask = &asker{fleet: f, kept: make([]keptConn, len(f.nodes))}
	f.reign = newReign()
	h := f.health
	f.watch = watch.New(watch.Options{
		Nodes: addressesOf(f.nodes), Ask: f.ask, Clock: c.clock, Interval: h.Interval, Timeout: h.Timeout,
		Fall: h.Fall, Rise: h.Rise, MaxLag: uint64(h.MaxLag), Staleness: r.stale,
		Patroni: h.Patroni, OnChange: f.changed, Log: c.log.With("cluster", c.name),
	})
	return f
}

func addressesOf(nodes []config.Node) []string {
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.Addr
	}
	return list
}

// sameFleet reports whether a fleet of the one route will do for the other.
func sameFleet(x, y *route) bool {
	a, b := &x.cluster, &y.cluster
	return slices.Equal(addressesOf(a.Nodes), addressesOf(b.Nodes)) && reflect.DeepEqual(a.Health, b.Health) &&
		x.stale == y.stale
}

// begin starts to watch, once there is a credential to do it with.
func (f *fleet) begin() {
	if f.begun.Load() || len(f.cluster.logins(f.cluster.route.Load())) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || f.begun.Load() {
		return
	}
	f.watch.Start()
	f.begun.Store(true)
}

// close ends it. Who waits for a primary of this fleet is told.
func (f *fleet) close() {
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.watch.Close()
	f.ask.close()
	f.reign.close()
}

// closed reports whether close was called.
func (f *fleet) closed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// primary is the node that takes writes now. It keeps account of since when
// there is none.
func (f *fleet) primary() (node int, ok bool) {
	n, ok := f.watch.Primary()
	switch at := f.lostAt.Load(); {
	case ok && at != 0:
		f.lostAt.Store(0)
	case !ok && at == 0 && f.found.Load():
		f.lostAt.CompareAndSwap(0, int64(freshness.Now()))
	}
	return n, ok
}

// hopeful says how long a new primary is still waited for, after one was
// lost; 0 is not at all.
func (f *fleet) hopeful() time.Duration {
	at := f.lostAt.Load()
	window := f.cluster.route.Load().cluster.Failover.Buffer.Window
	if !f.found.Load() {
		return 0
	}
	if at == 0 {
		return window
	}
	return max(0, window-freshness.Instant(at).Age(freshness.Now()))
}

// suspect has the watcher look at a node at once, and nobody sent there
// before it has.
func (f *fleet) suspect(node int) {
	f.watch.Suspect(node)
	f.cluster.forgetReader(f.nodes[node].Addr)
	f.primary()
}

// reignOf is the context of the reign of the primary node, to dial it in.
func (f *fleet) reignOf(node int) context.Context {
	now, _ := f.watch.Primary()
	return f.reign.of(node, now)
}

// changed follows what the watcher has found.
func (f *fleet) changed(c watch.Change) {
	switch c.Kind {
	case watch.PrimaryLost:
		f.primary()
		f.reign.lost(c.Node)
		f.cluster.primaryLost()
	case watch.PrimaryFound:
		if f.found.Swap(true) && c.Node != c.Old {
			f.cluster.failovers.Add(1)
		}
		f.primary()
		f.reign.found(c.Node)
		f.cluster.primaryFound(f, c.Node, c.Old >= 0)
	case watch.ReplicaUp:
		f.cluster.replicaUp(f, c.Node, c.At)
	case watch.ReplicaDown:
		f.cluster.forgetReader(f.nodes[c.Node].Addr)
		if u := f.upstream(c.Node); u != nil {
			u.SetDown(int64(c.At), c.Why)
		}
	}
}

// passed notes a probe that a server has passed, sent at that time.
func (f *fleet) passed(node int, sent freshness.Instant) {
	if !f.watch.Replica(node) {
		return
	}
	if u := f.upstream(node); u != nil {
		u.SetUp(int64(sent))
	}
}

// gone is told of a server that is gone beyond doubt, or has not answered
// for long.
func (f *fleet) gone(node int) { f.cluster.severReaders(f.nodes[node].Addr) }

// upstream is the balancer's side of a node; nil when a reload is under way
// that changes the list.
func (f *fleet) upstream(node int) *upstream.Upstream {
	list := f.cluster.balance.Upstreams()
	if node >= len(list) || list[node].Addr != f.nodes[node].Addr {
		return nil
	}
	return list[node]
}
