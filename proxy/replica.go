package proxy

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/config"
)

var (
	errReaderGone = pgerror.New(pgerror.CannotConnectNow, "the replica is not reachable")
	errNotReplica = pgerror.New(pgerror.CannotConnectNow, "the server is not a replica any more")
)

// replicaServers dials one replica for one pool. It implements
// connpool.Servers.
type replicaServers struct {
	*servers
	node config.Node
}

// probesPerDial bounds a replica's dial, in probe timeouts: one that does
// not let us in by then is left to others.
const probesPerDial = 4

// Dial logs in to the replica. A failure counts against it at once.
func (d *replicaServers) Dial(ctx context.Context) (*protocol.ServerConn, error) {
	r := d.cluster.route.Load()
	ctx, stop := context.WithTimeout(ctx, min(r.cluster.Backend.ConnectTimeout, probesPerDial*r.cluster.Health.Timeout))
	defer stop()
	began := time.Now()
	conn, err := d.login(ctx, r, d.node)
	if standby, said := recovery(conn); err == nil && said && !standby {
		conn.Terminate()
		conn, err = nil, errNotReplica
	}
	if err != nil {
		d.cluster.log.Warn("replica not usable", "cluster", d.cluster.name, "server", d.node.Addr, "user", d.user, "error", err.Error())
		if unreachable(err) {
			d.failed(time.Since(began))
		}
	}
	return conn, err
}

func (d *replicaServers) failed(took time.Duration) {
	f, n := d.cluster.find(d.node.Addr)
	if f == nil {
		return
	}
	if u := f.upstream(n); u != nil {
		now := d.cluster.balance.Now()
		u.Begin(now)
		u.End(now, took, false)
	}
	f.suspect(n)
}

// lost is told of an idle conn that the server has hung up on.
func (d *replicaServers) lost() {
	if f, n := d.cluster.find(d.node.Addr); f != nil {
		f.suspect(n)
	}
}

// find is the node of that address.
func (c *cluster) find(addr string) (*fleet, int) {
	f := c.fleet.Load()
	for i, n := range f.nodes {
		if n.Addr == addr {
			return f, i
		}
	}
	return nil, 0
}
