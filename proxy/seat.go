package proxy

import (
	"slices"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/session"
)

var errTooMany = pgerror.Fatal(pgerror.TooManyConnections, "sorry, too many clients already")

// seat finds the guest's place: console, replication, or a session with its
// pool; and sends everything up to ReadyForQuery.
func (s *Server) seat(g *guest, credential *auth.Credential) error {
	st := g.startup
	if isConsole(st.Database) {
		return nil
	}
	u := s.users.Load().user(st.User)
	switch {
	case st.Bad != nil:
		return st.Bad
	case g.cluster == nil || u != nil && !u.MayEnter(g.cluster.name):
		return pgerror.Fatalf(pgerror.InvalidCatalogName, `database "%s" does not exist`, st.Database)
	case g.cluster.disabled.Load():
		return pgerror.Fatalf(pgerror.CannotConnectNow, `database "%s" is disabled`, st.Database)
	}
	g.pool = g.cluster.pool(st.User, u)
	g.pool.credential(g.cluster.route.Load(), credential)
	if g.cluster.sharded != nil {
		var others []*userPool
		g.shards, others = g.cluster.sessionShards(st.User, u, g.pool)
		for _, p := range others {
			p.credential(p.cluster.route.Load(), credential)
		}
	}
	if !g.cluster.enter(g.pool, u) {
		return errTooMany
	}
	g.leave = append(g.leave, func() { g.cluster.leave(g.pool) })
	if st.Replicate != "" {
		return nil
	}
	return s.open(g)
}

// open starts the guest's session.
func (s *Server) open(g *guest) error {
	st := g.startup
	pairs := make([][2]string, 0, len(st.Parameters))
	for _, p := range st.Parameters {
		pairs = append(pairs, [2]string{p.Name, p.Value})
	}
	pairs = knownIsolation(g.cluster.route.Load(), pairs)
	client := protocol.NewClientConn(g.conn)
	sess := session.New(s.env, client, g.pool.Pool, g.pool, routeFor(g.route, s.users.Load().user(st.User)), g.pool.counts, &g.pool.settings, connpool.NewParams(pairs...))
	if g.shards != nil {
		sess.Shard(g.shards)
	}
	if err := sess.Open(keyLen(st)); err != nil {
		return err
	}
	_, err := g.conn.Write(sess.AppendWelcome(nil))
	if err != nil {
		sess.Abandon()
		return err
	}
	g.session = sess
	return nil
}

// knownIsolation adds to what a client starts with that its transactions are
// READ COMMITTED, where the cache is to answer in them and the client did not
// say what they are: only what the client has set is certain to hold.
func knownIsolation(r *route, pairs [][2]string) [][2]string {
	const name = "default_transaction_isolation"
	k := r.cluster.Cache
	if k == nil || k.Transactions != config.CacheTransactionsReadCommitted ||
		slices.ContainsFunc(pairs, func(p [2]string) bool { return strings.EqualFold(p[0], name) }) {
		return pairs
	}
	return append(pairs, [2]string{name, "read committed"})
}

func validReplication(v string) bool {
	switch v {
	case "", "database", "true", "on", "yes", "1", "false", "off", "no", "0":
		return true
	}
	return false
}

// keyLen is how long the client's key for cancel requests is, in bytes:
// protocol 3.0 knows only 4.
func keyLen(st *protocol.Startup) int {
	if st.Version == protocol.Version32 {
		return 32
	}
	return 4
}
