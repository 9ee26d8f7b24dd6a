package proxy

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/session"
)

// replicate serves a replication client: it gets a server conn of its own,
// opened with the client's own startup parameters, and both directions are
// passed through as bytes. Nothing is pooled, followed or counted as a query.
func (s *Server) replicate(g *guest) {
	defer g.conn.Close()
	server, err := s.dialReplication(g)
	if err != nil {
		var e *pgerror.Error
		if !errors.As(err, &e) {
			e = pgerror.New(pgerror.CannotConnectNow, "could not connect to the server")
			s.log.Warn("replication client refused", "cluster", g.cluster.name, "error", err.Error())
		}
		_, _ = g.conn.Write(e.AsFatal().AppendFrame(nil))
		return
	}
	var out []byte
	for _, p := range server.Reported {
		out = protocol.AppendParameterStatus(out, p.Name, p.Value)
	}
	v := &replicaVisit{key: session.NewKey(keyLen(g.startup)), server: server, servers: g.pool.servers}
	pid := s.env.Registry.NextPID()
	s.mu.Lock()
	s.replicas[pid] = v
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.replicas, pid)
		s.mu.Unlock()
	}()
	out = protocol.AppendBackendKey(out, pid, v.key)
	if _, err := g.conn.Write(protocol.AppendReady(out, server.Status)); err != nil {
		_ = server.Close()
		return
	}
	s.passThrough(g.conn, server.NetConn())
}

// replicaVisit is one replication session, as far as cancel requests must
// reach it. The server's own key stays with wye.
type replicaVisit struct {
	key     []byte
	server  *protocol.ServerConn
	servers *servers
}

// cancelReplica cancels what a replication session does.
func (s *Server) cancelReplica(key protocol.CancelKey) {
	s.mu.Lock()
	v := s.replicas[key.PID]
	s.mu.Unlock()
	if v == nil || subtle.ConstantTimeCompare(v.key, key.Key) != 1 {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), protocol.CancelTimeout)
	defer stop()
	if err := v.servers.Cancel(ctx, v.server); err != nil {
		s.log.Warn("cancel request failed", "server", v.server.Addr, "error", err.Error())
	}
}

// wanted finds the cluster that a client asks for, nil when there is none or
// it is the console.
func (s *Server) wanted(st *protocol.Startup) *cluster {
	if isConsole(st.Database) {
		return nil
	}
	if c := s.cluster(st.Database); c != nil || st.Database != anyDatabase || st.Replicate == "" {
		return c
	}
	u := s.users.Load().user(st.User)
	var only *cluster
	for _, c := range s.clusterList() {
		switch {
		case u != nil && !u.MayEnter(c.name):
		case only != nil:
			return nil
		default:
			only = c
		}
	}
	return only
}

// anyDatabase is the database that pg_basebackup and pg_receivewal name,
// whatever they are told: a physical copy is of all databases (GetConnection
// in streamutil.c). They get the only cluster that their user may enter;
// where there are several, one must be called so.
const anyDatabase = "replication"

func (s *Server) dialReplication(g *guest) (*protocol.ServerConn, error) {
	d := g.pool.servers
	r := g.cluster.route.Load()
	ctx, stop := context.WithTimeout(context.Background(), r.cluster.Backend.ConnectTimeout)
	defer stop()
	extra := []protocol.Param{{Name: "replication", Value: g.startup.Replicate}}
	if g.startup.Options != "" {
		extra = append(extra, protocol.Param{Name: "options", Value: g.startup.Options})
	}
	for _, p := range g.startup.Parameters {
		if g.startup.Options == "" || p.Name == "application_name" || p.Name == "client_encoding" {
			extra = append(extra, p)
		}
	}
	return protocol.Dial(ctx, d.dialOptions(r, g.cluster.lastPrimary(r), extra))
}

// passThrough copies both ways until one side is done; then the other is
// closed too, or when the proxy stops.
func (s *Server) passThrough(client, server net.Conn) {
	done := make(chan struct{}, 2)
	copyTo := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src)
		done <- struct{}{}
	}
	go copyTo(server, client)
	go copyTo(client, server)
	ended := 0
	select {
	case <-done:
		ended = 1
	case <-s.stop:
	}
	past := time.Unix(1, 0)
	_ = client.SetReadDeadline(past)
	_ = server.Close()
	for ; ended < 2; ended++ {
		<-done
	}
}
