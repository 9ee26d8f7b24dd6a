package config

import (
	"fmt"
	"net"
	"slices"
	"strings"
)

// maxServers is proxy/upstream's MaxUpstreams.
const maxServers = 1024

// checkPool looks at one pool by itself.
func (d *decoder) checkPool(p *ServicePool) {
	path := join("pools", p.Name)
	bad := func(key, format string, args ...any) {
		d.errorf(d.at(path+"."+key), "%s.%s: %s", path, key, fmt.Sprintf(format, args...))
	}
	switch _, given := d.where[path+".servers"]; {
	case given && len(p.Servers) == 0:
		bad("servers", `no servers; write ["host:port"]`)
	case len(p.Servers) > maxServers:
		bad("servers", "%d servers; there may be %d", len(p.Servers), maxServers)
	default:
		d.checkServers(p, path)
	}
	if p.Hash.Bound > 0 && p.Hash.Bound < 100 {
		bad("hash.bound", "%d is less than a fair share; write 125 or more, or 0", p.Hash.Bound)
	}
	if p.Eject.MaxTime < p.Eject.Time {
		bad("eject.max_time", "%s is less than eject.time, which is %s", durationText(p.Eject.MaxTime), durationText(p.Eject.Time))
	}
	if b := p.Breaker; b != nil && b.MaxTime < b.Time {
		bad("breaker.max_time", "%s is less than breaker.time, which is %s", durationText(b.MaxTime), durationText(b.Time))
	}
	d.checkDiscover(p, path)
	d.checkPoolHealth(p, path)
	d.checkPoolTLS(p, path)
	d.checkPoolHTTP(p, path)
}

func (d *decoder) checkServers(p *ServicePool, path string) {
	for i, s := range p.Servers {
		item := fmt.Sprintf("%s.servers[%d]", path, i)
		before := p.Servers[:i]
		switch {
		case s.Addr == "":
		case slices.ContainsFunc(before, func(o Server) bool { return o.Addr == s.Addr }):
			d.errorf(d.at(item+".addr"), "%s.addr: %s is in the list already", item, d.name(item+".addr", s.Addr))
		case slices.ContainsFunc(before, func(o Server) bool { return o.Title() == s.Title() }):
			d.errorf(d.at(item), "%s: another server is called %s", item, d.name(item+".name", s.Title()))
		}
	}
}

func (d *decoder) checkPoolHealth(p *ServicePool, path string) {
	path += ".health"
	switch h := &p.Health; {
	case h.Check == CheckNone:
		d.withoutEffect(path, "check none", "send", "expect")
	case h.Send != "" && h.Expect == "":
		d.errorf(d.at(path+".send"), "%s.send: say what to expect too", path)
	}
}

func (d *decoder) checkPoolTLS(p *ServicePool, path string) {
	t := p.TLS
	if t == nil {
		return
	}
	path += ".tls"
	if (t.Cert == "") != (t.Key == "") {
		d.errorf(d.at(path+".cert"), "%s.cert: cert and key go together", path)
	}
	if t.Mode == PoolTLSRequire && t.CA != "" {
		d.errorf(d.at(path+".ca"), "%s.ca: mode require does not check servers; write mode: verify-full, or verify-ca", path)
	}
	if t.Mode == PoolTLSVerifyCA && t.CA == "" {
		d.errorf(d.at(path+".mode"), "%s.mode: verify-ca needs ca: any server with a public certificate would pass", path)
	}
}

// checkPoolListener looks at a listener whose clients go to a pool.
func (d *decoder) checkPoolListener(c *Config, l *Listener, path string) {
	d.withoutEffect(path, "kind "+string(l.Kind), "auth", "route")
	if strings.HasPrefix(l.Bind, unixPrefix) {
		d.errorf(d.at(path+".bind"), `%s.bind: must be "host:port" with kind %s`, path, l.Kind)
	}
	if l.TLS.Mode == ListenAllow {
		d.errorf(d.at(path+".tls.mode"), "%s.tls.mode: allow is PostgreSQL's; write require", path)
	}
	if l.TLS.Use == "" {
		d.withoutEffect(path, "no tls.use", "tls.also")
	}
	for i, name := range l.TLS.Also {
		if item := fmt.Sprintf("%s.tls.also[%d]", path, i); name != "" && c.Certificate(name) == nil {
			d.undefined(item, "tls", name, tlsNames(c))
		}
	}
	if l.PerIP.Rate == 0 {
		d.withoutEffect(path, "no per_ip.rate", "per_ip.burst")
	}
	if l.Kind == ListenHTTP {
		d.withoutEffect(path, "kind http", "names")
		d.checkRoutes(c, l, path)
	} else {
		d.withoutEffect(path, "kind tcp", "http", "routes")
		if l.Pool == "" && len(l.Names) == 0 && !d.broken[path] {
			d.errorf(d.at(path), "%s: name the pool that its clients go to", path)
		}
	}
	d.checkPoolName(c, l, path+".pool", l.Pool)
	for i, r := range l.Names {
		item := fmt.Sprintf("%s.names[%d]", path, i)
		d.checkPoolName(c, l, item+".pool", r.Pool)
		d.checkNames(r.Names, item+".names")
	}
}

func (d *decoder) checkPoolName(c *Config, l *Listener, path, name string) {
	if name == "" {
		return
	}
	switch p := c.ServicePool(name); {
	case p == nil:
		d.undefined(path, "pool", name, poolNames(c))
	case string(p.Kind) != string(l.Kind):
		d.errorf(d.at(path), "%s: %s is of kind %s, and this listener of kind %s", path, join("pools", name), p.Kind, l.Kind)
	}
}

func (d *decoder) checkNames(names []string, path string) {
	for i, n := range names {
		bare := strings.TrimPrefix(n, "*.")
		if n != "" && (strings.ContainsAny(bare, "*/: ") || strings.HasPrefix(bare, ".") || net.ParseIP(bare) != nil) {
			item := fmt.Sprintf("%s[%d]", path, i)
			d.errorf(d.at(item), `%s: %s is no server name; write "example.com" or "*.example.com"`, item, d.name(item, n))
		}
	}
}

// withoutEffect refuses settings that were given where they mean nothing.
func (d *decoder) withoutEffect(path, why string, keys ...string) {
	for _, key := range keys {
		if at, given := d.where[path+"."+key]; given {
			d.errorf(at, "%s.%s: without effect, with %s", path, key, why)
		}
	}
}

func poolNames(c *Config) (names []string) {
	for _, p := range c.Pools {
		names = append(names, p.Name)
	}
	return names
}
