package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/shards"
)

// route is how to reach the servers of one cluster: what the configuration
// says of it, prepared. Replaced as a whole on reload.
type route struct {
	cluster config.Cluster
	tls     *tls.Config
	mode    protocol.TLSMode
	require auth.Require
	stale   time.Duration // the smallest bound on staleness that a client is configured with

	shard  bool           // it is one of several
	whole  config.Cluster // of the lead shard: as configured, with all shards
	others []*route       // of the lead shard: those of the other shards
	places *shards.Map
}

func newRoute(c config.Cluster) (*route, error) {
	if len(c.Shards) > 0 {
		return newShardedRoute(c)
	}
	r := &route{cluster: c, require: weakest(c.Backend.RequireAuth)}
	if len(c.Nodes) > freshness.MaxServers {
		return nil, fmt.Errorf("clusters.%s.nodes: %d, and wye watches at most %d", c.Name, len(c.Nodes), freshness.MaxServers)
	}
	t := c.Backend.TLS
	switch t.Mode {
	case config.ServerDisable:
		return r, nil
	case config.ServerPrefer:
		r.mode = protocol.TLSPrefer
	default:
		r.mode = protocol.TLSRequire
	}
	r.tls = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{protocol.ALPN}, ServerName: t.ServerName}
	if t.CA != "" {
		var err error
		if r.tls.RootCAs, err = authorities(t.CA); err != nil {
			return nil, fmt.Errorf("clusters.%s.backend.tls.ca: %w", c.Name, err)
		}
	}
	if t.Cert != "" {
		cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("clusters.%s.backend.tls.cert: %w", c.Name, err)
		}
		r.tls.Certificates = []tls.Certificate{cert}
	}
	switch t.Mode {
	case config.ServerPrefer, config.ServerRequire:
		r.tls.InsecureSkipVerify = true // as the modes are defined: encrypted, unchecked
	case config.ServerVerifyCA:
		r.tls.InsecureSkipVerify = true // the name only; the chain is checked here
		r.tls.VerifyConnection = verifyChain(r.tls.RootCAs)
	}
	return r, nil
}

// verifyChain checks a server's certificate, but not the name in it
// (verify-ca).
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			o.Intermediates.AddCert(c)
		}
		if _, err := state.PeerCertificates[0].Verify(o); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err} // as crypto/tls says it
		}
		return nil
	}
}

// weakest turns the list of accepted proofs into a threshold.
func weakest(list []config.ServerAuth) auth.Require {
	strength := map[config.ServerAuth]auth.Require{
		config.ServerNone: auth.RequireAny, config.ServerPlain: auth.RequirePlain,
		config.ServerMD5: auth.RequireMD5, config.ServerSCRAM: auth.RequireSCRAM,
	}
	if len(list) == 0 {
		return auth.RequireAny
	}
	least := auth.RequireSCRAM
	for _, a := range list {
		least = min(least, strength[a])
	}
	return least
}

// options are those to dial one node, without a login.
func (r *route) options(node config.Node) protocol.DialOptions {
	network, address := node.Network()
	o := protocol.DialOptions{TLSMode: r.mode, TLSDirect: r.cluster.Backend.TLS.Direct, Addr: address}
	if network == "unix" {
		o.Addr = "unix:" + address
		return o
	}
	if r.tls != nil {
		o.TLS = r.tls
		if r.tls.ServerName == "" {
			host, _, _ := net.SplitHostPort(address)
			o.TLS = r.tls.Clone()
			o.TLS.ServerName = host
		}
	}
	return o
}

// servers dials the servers of one cluster for one pool. It implements
// connpool.Servers.
type servers struct {
	cluster    *cluster
	user       string // the client's, or the one that asks for passwords
	asks       bool   // it is the latter
	credential atomic.Pointer[auth.Credential]
}

// role is whom to log in as.
func (d *servers) role(r *route) string {
	if named := r.cluster.Backend.User; named != config.SameUser && !d.asks {
		return named
	}
	return d.user
}

// dialAny logs in to the cluster's primary without the watcher's help. With
// one node that is the node, whatever it is; with several, the one that is
// not in recovery, the last known one first.
func (d *servers) dialAny(ctx context.Context) (*protocol.ServerConn, error) {
	r := d.cluster.route.Load()
	ctx, stop := context.WithTimeout(ctx, r.cluster.Backend.ConnectTimeout)
	defer stop()
	nodes := r.cluster.Nodes
	first := int(d.cluster.primary.Load())
	var worst error
	for i := range nodes {
		n := (first + i) % len(nodes)
		conn, err := d.login(ctx, r, nodes[n])
		if standby, _ := recovery(conn); err == nil && len(nodes) > 1 && standby {
			conn.Terminate()
			conn, err = nil, errNotPrimary
		}
		if err == nil {
			d.cluster.primary.Store(int32(n))
			d.cluster.reachable(true)
			return conn, nil
		}
		d.cluster.log.Warn("server not usable", "cluster", d.cluster.name, "server", nodes[n].Addr, "user", d.user, "error", err.Error())
		worst = worse(worst, err)
	}
	d.cluster.reachable(answers(worst))
	return nil, worst
}

// answers reports whether an error of a login is the answer of a primary that
// serves others: a wrong password says nothing about the cluster.
func answers(err error) bool {
	var e *pgerror.Error
	return errors.As(err, &e) && e.Code != pgerror.CannotConnectNow
}

var errNotPrimary = pgerror.New(pgerror.CannotConnectNow, "no primary server is reachable").
	WithHint("every server that answers is in recovery")

// worse prefers what a server said over what the network did: clients need
// the server's SQLSTATE (3D000, 28P01).
func worse(a, b error) error {
	var e *pgerror.Error
	if a == nil || !errors.As(a, &e) && errors.As(b, &e) {
		return b
	}
	return a
}

// recovery reports what a server said of itself when it let us in. Before
// PostgreSQL 14 it does not say.
func recovery(c *protocol.ServerConn) (standby, said bool) {
	if c == nil {
		return false, false
	}
	for _, p := range c.Reported {
		if p.Name == "in_hot_standby" {
			return p.Value == "on", true
		}
	}
	return false, false
}

func (d *servers) login(ctx context.Context, r *route, node config.Node) (*protocol.ServerConn, error) {
	return protocol.Dial(ctx, d.dialOptions(r, node, nil))
}

func (d *servers) dialOptions(r *route, node config.Node, extra []protocol.Param) protocol.DialOptions {
	o := r.options(node)
	o.Params = []protocol.Param{{Name: "user", Value: d.role(r)}, {Name: "database", Value: r.cluster.Database}}
	if name := r.cluster.Backend.ApplicationName; name != "" {
		o.Params = append(o.Params, protocol.Param{Name: "application_name", Value: name})
	}
	o.Params = append(o.Params, extra...)
	o.Authenticator = func(cert *x509.Certificate) protocol.Authenticator {
		lo := auth.LoginOptions{Require: r.require, TLS: cert != nil, AllowCleartext: strings.HasPrefix(o.Addr, "unix:")}
		if cert != nil {
			lo.Binding = auth.EndpointHash(cert)
		}
		return auth.NewLogin(d.role(r), d.credential.Load(), lo)
	}
	return o
}

// Cancel sends a cancel request to the server that conn is at.
func (d *servers) Cancel(ctx context.Context, conn *protocol.ServerConn) error {
	return conn.CancelQuery(ctx)
}
