package proxy

import (
	"math"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/upstream"
	"github.com/wyeproxy/wye/router"
)

func limitsOf(p config.Pool, u *config.User) connpool.Limits {
	l := connpool.Limits{
		Size: p.Size, Min: p.Min, Reserve: p.Reserve, ReserveAfter: p.ReserveAfter, QueueTimeout: p.QueueTimeout,
		Idle: p.Idle, Lifetime: p.Lifetime, Prepared: p.Prepared, LoginRetry: p.LoginRetry,
	}
	if u != nil && u.PoolSize > 0 {
		l.Size = u.PoolSize
	}
	return l
}

func settingsOf(c *config.Cluster, u *config.User) *session.Settings {
	t := c.Timeouts
	s := &session.Settings{
		Mode: modeOf(c.Pool.Mode), RefusePins: c.Pool.Pin == config.PinError, QueryTimeout: t.Query,
		IdleInTransaction: t.IdleInTransaction, TransactionLimit: t.Transaction, ClientIdle: t.ClientIdle,
	}
	if c.Backend.User != config.SameUser {
		s.Role = c.Backend.User
	}
	s.Reads = readsOf(&c.Split)
	s.Reads.Split, s.Reads.Replicas = splits(c), len(c.Nodes) > 1
	if u == nil {
		return s
	}
	s.Route = routeOf(u.Route)
	if u.MaxStaleness != nil {
		s.Reads.MaxStaleness = *u.MaxStaleness
	}
	if u.PoolMode != "" {
		s.Mode = modeOf(u.PoolMode)
	}
	if u.QueryTimeout != nil {
		s.QueryTimeout = *u.QueryTimeout
	}
	if u.IdleInTransaction != nil {
		s.IdleInTransaction = *u.IdleInTransaction
	}
	return s
}

func modeOf(m config.PoolMode) session.Mode {
	switch m {
	case config.PoolSession:
		return session.Wholly
	case config.PoolStatement:
		return session.Statement
	}
	return session.Transaction
}

func readsOf(c *config.Split) session.Reads {
	scopes := map[config.FreshScope]session.Scope{
		config.FreshOff: session.ScopeOff, config.FreshSession: session.ScopeSession,
		config.FreshTable: session.ScopeTable, config.FreshDatabase: session.ScopeDatabase,
	}
	return session.Reads{
		Transactions: c.Transactions, Scope: scopes[c.ReadYourWrites], MaxStaleness: c.MaxStaleness, Wait: c.Wait,
		NoFallback: c.Fallback == config.FallbackNone,
	}
}

// splits reports whether there are replicas to read from, and reads go there.
func splits(c *config.Cluster) bool { return len(c.Nodes) > 1 && c.Split.Reads == config.ReadsReplicas }

func routeOf(r config.Route) router.Route {
	switch r {
	case config.RoutePrimary:
		return router.RoutePrimary
	case config.RouteReplica:
		return router.RouteReplica
	}
	return router.RouteAuto
}

// balanceOf is how reads are balanced over the nodes.
func balanceOf(c *config.Cluster) (upstream.Settings, []upstream.Target) {
	targets := make([]upstream.Target, len(c.Nodes))
	for i, n := range c.Nodes {
		targets[i] = upstream.Target{Addr: n.Addr, Weight: n.Weight, Zone: n.Zone}
	}
	return upstream.Settings{
		Policy: string(c.Split.Balance), SlowStart: c.Health.SlowStart,
		// Statements fail for their own reasons, and a cluster is a handful of
		// servers: nobody is put aside for a rate.
		Ejection: upstream.Ejection{Volume: math.MaxInt32},
	}, targets
}

// stalenessOf is the smallest bound on staleness that anybody is configured
// with, 0 where nobody is.
func stalenessOf(c *config.Cluster, users []config.User) time.Duration {
	least := c.Split.MaxStaleness
	for i := range users {
		if s := users[i].MaxStaleness; s != nil && *s > 0 && users[i].MayEnter(c.Name) && (least == 0 || *s < least) {
			least = *s
		}
	}
	return least
}

// routeFor is the listener's route, unless the user's own says auto.
func routeFor(listener router.Route, u *config.User) router.Route {
	if u != nil && u.Route == config.RouteAuto {
		return router.RouteAuto
	}
	return listener
}
