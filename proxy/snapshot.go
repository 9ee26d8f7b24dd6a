package proxy

import (
	"crypto/tls"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/stats"
)

// Snapshot describes the whole process at this moment.
func (s *Server) Snapshot() *stats.Snapshot {
	at := time.Now()
	snap := &stats.Snapshot{
		Time:     at,
		Process:  s.process(),
		Health:   s.Health(),
		Gate:     s.visits.Read(),
		Counters: s.counts.Databases(at),
		Config:   configRows(s.config.Load()),
	}
	linked := map[uint64]uint64{} // server conn -> session
	clients := s.clientRows(snap, at, linked)
	for _, c := range s.clusterList() {
		s.clusterRows(snap, c, at, clients, linked)
	}
	s.userRows(snap)
	s.balanceRows(snap, at)
	for _, l := range s.listeners {
		d := l.door.Load()
		row := stats.ListenerRow{
			Name: d.Name, Kind: string(d.Kind), Addr: l.net.Addr().String(), TLS: tlsWord(d.TLS.Mode),
			Clients: int(l.clients.Load()), Accepted: l.accepted.Load(),
		}
		if l.tcp != nil {
			n := l.tcp.Counts()
			row.Clients, row.Accepted = int(n.Clients.Load()), n.Accepted.Load()
			row.Refused, row.Broken, row.Failed = n.Refused.Load(), n.Broken.Load(), n.Failed.Load()
		}
		if l.http != nil {
			row.Clients, row.Accepted, _, _ = l.http.Conns()
		}
		snap.Listeners = append(snap.Listeners, row)
	}
	s.httpRows(snap)
	return snap
}

func tlsWord(m config.ListenerMode) string {
	if m == config.ListenDisable {
		return ""
	}
	return string(m)
}

func (s *Server) process() stats.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	paused := len(s.clusters) > 0
	for _, c := range s.clusters {
		c.mu.Lock()
		paused = paused && c.paused
		c.mu.Unlock()
	}
	return stats.Process{
		Version: s.options.Version, Commit: s.options.Commit, Start: s.started,
		ConfigEpoch: s.epoch, LastReload: s.reloaded, LastReloadOK: s.reloadOK,
		Panics: s.env.Registry.Panics(), MaxClients: s.config.Load().Process.MaxClients,
		LoginClients: s.strangers.len(), Paused: paused, Suspended: s.suspended.Load(), Memory: stats.ReadMemory(),
	}
}

// Health says whether traffic should come here. A cluster that nobody has
// asked for yet counts as reachable: server conns are opened on demand.
func (s *Server) Health() stats.Health {
	h := stats.Health{Draining: s.draining.Load()}
	for _, c := range s.clusterList() {
		h.Clusters = append(h.Clusters, stats.ClusterHealth{Name: c.name, Primary: c.hasPrimary()})
	}
	return h
}

// clientCount is how many clients of one (database, user) are in which state.
type clientCount struct{ active, waiting, idle int }

func (s *Server) clientRows(snap *stats.Snapshot, at time.Time, linked map[uint64]uint64) map[[2]string]*clientCount {
	counts := map[[2]string]*clientCount{}
	for _, sess := range s.env.Registry.All() {
		v := sess.View()
		if v.Conn != 0 {
			linked[v.Conn] = sess.ID
		}
		key := [2]string{sess.Database(), sess.User()}
		n := counts[key]
		if n == nil {
			n = &clientCount{}
			counts[key] = n
		}
		row := stats.ConnRow{
			ID: sess.ID, User: sess.User(), Database: sess.Database(), State: v.State,
			ConnectTime: sess.Since, RequestTime: v.Request, Link: v.Conn, RemotePID: 0,
			ApplicationName: v.Application, PreparedStatements: v.Prepared, Pins: v.Pins, PinnedSince: v.PinnedSince,
			TLS: tlsOf(v.NetConn),
		}
		switch v.State {
		case session.Waiting:
			n.waiting++
			row.Wait = at.Sub(v.Request)
		case session.Active:
			n.active++
		default:
			n.idle++
		}
		row.Addr, row.Port = hostPort(v.NetConn.RemoteAddr())
		row.LocalAddr, row.LocalPort = hostPort(v.NetConn.LocalAddr())
		snap.Clients = append(snap.Clients, row)
	}
	return counts
}

func tlsOf(conn net.Conn) string {
	t, ok := conn.(*tls.Conn)
	if !ok {
		return ""
	}
	state := t.ConnectionState()
	return strings.ReplaceAll(tls.VersionName(state.Version), " ", "v") + "/" + tls.CipherSuiteName(state.CipherSuite)
}

func hostPort(a net.Addr) (string, int) {
	if a == nil || a.Network() == "unix" {
		return "unix", 0
	}
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String(), 0
	}
	n, _ := strconv.Atoi(port)
	return host, n
}

func (s *Server) clusterRows(snap *stats.Snapshot, c *cluster, at time.Time, clients map[[2]string]*clientCount, linked map[uint64]uint64) {
	cfg := c.route.Load().cluster
	c.mu.Lock()
	db := stats.DatabaseRow{
		Name: c.name, Database: cfg.Database, PoolSize: cfg.Pool.Size, MinPoolSize: cfg.Pool.Min,
		ReservePoolSize: cfg.Pool.Reserve, ServerLifetime: cfg.Pool.Lifetime, Mode: string(cfg.Pool.Mode),
		MaxClients: cfg.MaxClients, Clients: c.clients, Paused: c.paused, Disabled: c.disabled.Load(),
	}
	c.mu.Unlock()
	if cfg.Backend.User != config.SameUser {
		db.ForceUser = cfg.Backend.User
	}
	db.Hosts, db.Port = hostsOf(c.allNodes())
	for user, p := range c.all() {
		n := c.countsOf(user, at)
		cl := clients[[2]string{c.name, user}]
		if cl == nil {
			cl = &clientCount{}
		}
		db.Servers += n.Active + n.Idle
		snap.Pools = append(snap.Pools, stats.PoolRow{
			Database: c.name, User: user, ClActive: cl.active + cl.idle, ClWaiting: cl.waiting,
			SvActive: n.Active, SvIdle: n.Idle, SvLogin: n.Dialling, MaxWait: n.LongestWait,
			Mode: p.settings.Load().Mode.String(), Size: n.Limits.Size, Reading: p.counts.Read(),
		})
		for _, shard := range c.shards() {
			if p := shard.all()[user]; p != nil {
				for _, conn := range p.Conns() {
					snap.Servers = append(snap.Servers, serverRow(c.name, user, conn, linked))
				}
			}
		}
	}
	db.Failovers, db.Held, db.HeldTotal = c.failovers.Load(), int(c.held.requests.Load()), c.held.total.Load()
	snap.Databases = append(snap.Databases, db)
	var hosts [][]stats.HostRow
	for _, shard := range c.shards() {
		hosts = append(hosts, shard.hostRows(at))
		snap.Hosts = append(snap.Hosts, hosts[len(hosts)-1]...)
		snap.Misroutes = append(snap.Misroutes, shard.misrouteRows()...)
	}
	snap.Cache = append(snap.Cache, c.cacheRows()...)
	snap.CacheTables = append(snap.CacheTables, c.cacheTableRows()...)
	if c.sharded != nil {
		snap.Shards = append(snap.Shards, c.sharded.shardRows(c, hosts)...)
		snap.Drift = append(snap.Drift, c.sharded.drift.rows()...)
		snap.InDoubt = append(snap.InDoubt, c.sharded.doubtRows(c)...)
	}
}

func hostsOf(nodes []config.Node) (hosts string, port int) {
	for i, n := range nodes {
		_, address := n.Network()
		host, p, err := net.SplitHostPort(address)
		if err != nil {
			host, p = address, "0"
		}
		if i == 0 {
			port, _ = strconv.Atoi(p)
			hosts = host
			continue
		}
		hosts += "," + host
	}
	return hosts, port
}

func serverRow(database, user string, c connpool.ConnState, linked map[uint64]uint64) stats.ConnRow {
	row := stats.ConnRow{
		ID: c.ID, User: user, Database: database, State: "idle", ConnectTime: c.Born, RequestTime: c.Born,
		Link: linked[c.ID], RemotePID: int(c.PID), CloseNeeded: c.Dead,
	}
	if c.Session != 0 {
		row.State = "active"
		row.Link = c.Session
	}
	row.Addr, row.Port = hostPort(c.Remote)
	row.LocalAddr, row.LocalPort = hostPort(c.Local)
	if c.TLS {
		row.TLS = tlsOf(c.Net)
	}
	return row
}

func (s *Server) userRows(snap *stats.Snapshot) {
	for _, k := range s.users.Load().byName {
		u := k.config
		row := stats.UserRow{Name: u.Name, PoolSize: u.PoolSize, Mode: string(u.PoolMode), MaxClients: u.MaxClients}
		for _, c := range s.clusterList() {
			if p := c.all()[u.Name]; p != nil {
				row.Clients += int(p.clients.Load())
				n := c.countsOf(u.Name, snap.Time)
				row.Servers += n.Active + n.Idle
			}
		}
		snap.Users = append(snap.Users, row)
	}
}

// configRows are the settings in force; secrets are masked by their type.
// Two rows carry PgBouncer's names: its monitoring tools read them.
func configRows(cfg *config.Config) []stats.ConfigRow {
	var rows []stats.ConfigRow
	for _, v := range config.Values(cfg) {
		rows = append(rows, stats.ConfigRow{Key: v.Path, Value: v.Value, Default: v.Default, Reloadable: v.Reloadable})
	}
	return rows
}
