package proxy

import (
	"errors"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/proxy/tcpproxy"
)

// OrderServer takes a server of a pool out of use, or back.
func (c *control) OrderServer(pool, server string, order admin.ServerOrder) error {
	b := c.s.balance(pool)
	if b == nil {
		return pgerror.Newf(pgerror.UndefinedObject, `pool "%s" does not exist`, pool).WithHint("SHOW POOL_SERVERS has the pools and their servers.")
	}
	err := b.order(server, order)
	if errors.Is(err, tcpproxy.ErrNoServer) {
		return pgerror.Newf(pgerror.UndefinedObject, `pool "%s" has no server "%s"`, pool, server).WithHint("SHOW POOL_SERVERS has the pools and their servers.")
	}
	if err == nil {
		c.s.log.Info("server of a pool", "pool", pool, "server", server, "order", [...]string{"ready", "drain", "maint"}[order])
	}
	return err
}

func (b *balance) order(server string, order admin.ServerOrder) error {
	if b.http != nil {
		return b.http.order(server, order)
	}
	switch order {
	case admin.ServerDrain:
		return b.tcp.Drain(server)
	case admin.ServerMaint:
		return b.tcp.Maintain(server)
	}
	return b.tcp.Ready(server)
}

// policy is the name of what chooses a server.
func (b *balance) policy() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.plan.Balance)
}

// balanceRows describes the servers of all pools, and what waits for them.
func (s *Server) balanceRows(snap *stats.Snapshot, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, b := range s.balances {
		now := b.servers.Now()
		for _, v := range b.servers.View(now) {
			row := stats.PoolServerRow{
				Pool: name, Kind: string(b.kind), Server: v.Name, Addr: v.Addr, State: v.State, Serving: v.Serving, Zone: v.Zone,
				Weight: v.Weight, Share: v.Share, Priority: v.Priority, Active: v.Active, Limit: v.Limit, Picks: v.Picks,
				Failures: v.Failures, Latency: v.EWMA, Bytes: v.Bytes, PerSec: int64(v.PerSecond.Bytes), Breaker: v.Breaker,
				Rate: v.PerSecond.Requests, FailRate: v.PerSecond.Failures, Took: v.Took,
				Why: v.Why, Since: at.Add(-time.Duration(now - v.Since)),
			}
			if row.State == "draining" && b.tcp != nil && b.tcp.InMaintenance(v.Addr) {
				row.State = "maint"
			}
			snap.PoolServers = append(snap.PoolServers, row)
		}
		waiting, n := b.servers.Queued()
		snap.PoolQueues = append(snap.PoolQueues, stats.PoolQueueRow{Pool: name, Balance: b.policy(), Waiting: waiting, Full: n.Full, Late: n.TimedOut})
	}
	for _, l := range s.listeners {
		if l.kept != nil {
			snap.HTTPCaches = append(snap.HTTPCaches, l.kept.rows(l.door.Load().Name)...)
		}
	}
}
