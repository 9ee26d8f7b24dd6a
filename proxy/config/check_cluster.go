package config

import (
	"fmt"
	"slices"
	"strings"
)

// consoleDatabases are the names under which the console answers.
var consoleDatabases = []string{"pgbouncer", "wye"}

func (d *decoder) checkCluster(c *Cluster) {
	path := join("clusters", c.Name)
	if slices.Contains(consoleDatabases, c.Name) {
		d.errorf(d.at(path), "%s: this name is the console's; choose another, and say database: %s", path, c.Name)
	}
	d.checkNodes(c, path)
	d.checkShards(c, path)
	d.checkServerTLS(c, path)
	d.checkCache(c, path)
	d.checkServerLogin(c, path)
	if c.Pool.Min > c.Pool.Size {
		d.errorf(d.at(path+".pool.min"), "%s.pool.min: %d is more than pool.size, which is %d", path, c.Pool.Min, c.Pool.Size)
	}
}

func (d *decoder) checkNodes(c *Cluster, path string) {
	if at, given := d.where[path+".nodes"]; given && len(c.Nodes) == 0 {
		d.errorf(at, `%s.nodes: no nodes; write ["host:5432"]`, path)
	}
	for i, n := range c.Nodes {
		if n.Addr != "" && slices.ContainsFunc(c.Nodes[:i], func(m Node) bool { return m.Addr == n.Addr }) {
			item := fmt.Sprintf("%s.nodes[%d].addr", path, i)
			d.errorf(d.at(item), "%s: %s is in the list already", item, d.name(item, n.Addr))
		}
	}
}

// checkServerTLS refuses settings that the mode leaves without effect, and
// says when servers are not checked because nobody chose.
func (d *decoder) checkServerTLS(c *Cluster, path string) {
	path += ".backend.tls"
	t := &c.Backend.TLS
	bad := func(key, format string, args ...any) {
		d.errorf(d.at(path+"."+key), "%s.%s: %s", path, key, fmt.Sprintf(format, args...))
	}
	verifies := t.Mode == ServerVerifyCA || t.Mode == ServerVerifyFull
	if t.CA != "" && !verifies {
		bad("ca", "mode %s does not check servers; write mode: verify-full, or verify-ca", t.Mode)
	}
	if t.Mode == ServerVerifyCA && t.CA == "" {
		bad("mode", "verify-ca needs ca: any server with a public certificate would pass")
	}
	if t.Direct && (t.Mode == ServerDisable || t.Mode == ServerPrefer) {
		bad("direct", "a connection that begins with TLS cannot do without; write mode: require or better")
	}
	if (t.Cert == "") != (t.Key == "") {
		bad("cert", "cert and key go together")
	}
	if t.Mode == ServerDisable && (t.Cert != "" || t.ServerName != "") {
		bad("mode", "disable leaves cert and server_name without effect")
	}
	if !verifies && t.Mode != ServerRequire {
		return
	}
	cluster := join("clusters", c.Name)
	d.checkSockets(c.Nodes, cluster, path, t.Mode)
	for _, s := range c.Shards {
		d.checkSockets(s.Nodes, join(cluster+".shards", s.Name), path, t.Mode)
	}
}

func (d *decoder) checkSockets(nodes []Node, path, tls string, mode ServerMode) {
	for i, n := range nodes {
		if strings.HasPrefix(n.Addr, unixPrefix) {
			item := fmt.Sprintf("%s.nodes[%d].addr", path, i)
			d.errorf(d.at(item), "%s: PostgreSQL never speaks TLS on a unix socket, and %s.mode is %s", item, tls, mode)
		}
	}
}

// checkVerified says when servers on other machines are not verified and
// nobody chose that. It is advice on a configuration that is otherwise right.
func (d *decoder) checkVerified(c *Cluster) {
	path := join("clusters", c.Name) + ".backend.tls"
	_, chosen := d.where[path+".mode"]
	if chosen || d.failed || c.Backend.TLS.Mode != ServerPrefer {
		return
	}
	for _, n := range c.Servers() {
		if !localOnly(n.Addr) {
			d.warnf(d.at(path), "%s: servers are not verified, and spoken to in the clear if they have no TLS; set ca, or write mode: prefer", path)
			return
		}
	}
}

// checkServerLogin looks at the passwords wye itself logs in with.
func (d *decoder) checkServerLogin(c *Cluster, path string) {
	if c.Backend.User == SameUser && c.Backend.Password != "" {
		d.errorf(d.at(path+".backend.password"), "%s.backend.password: with user same each client's own password is used; name a user, or remove this", path)
	}
	d.checkOwnPassword(c.Backend.Password, path+".backend.password")
	if c.Health.User == "" && c.Health.Password != "" {
		d.errorf(d.at(path+".health.password"), "%s.health.password: name the user it belongs to, or remove this", path)
	}
	d.checkOwnPassword(c.Health.Password, path+".health.password")
	if q := c.AuthQuery; q != nil {
		d.checkOwnPassword(q.Password, path+".auth_query.password")
		if !strings.Contains(q.Query, "$1") {
			d.errorf(d.at(path+".auth_query.query"), "%s.auth_query.query: must ask for the user's name as $1", path)
		}
	}
}

func (d *decoder) checkOwnPassword(s Secret, path string) {
	if s.Kind() == PasswordSCRAM {
		d.errorf(d.at(path), "%s is a SCRAM verifier; to log in to a server wye needs the password itself", path)
	}
	d.checkReadable(s, path)
}
