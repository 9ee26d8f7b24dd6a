package config

import (
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// ServicePool is a named set of servers over which TCP connections or HTTP
// requests are balanced. Listeners of the same kind lead to it.
type ServicePool struct {
	Name     string        `wye:"name"`
	Kind     PoolKind      `wye:"kind" default:"tcp" doc:"What its servers speak, as the listeners that lead to it: tcp, or http."`
	Servers  []Server      `wye:"servers,required" or:"discover" derived:"required, unless there is discover" doc:"The servers: \"host:port\", or {addr: ...}. At most 1024."`
	Discover *PoolDiscover `wye:"discover"` // nil: Servers says who they are
	Balance  PoolBalance   `wye:"balance" default:"least-busy" doc:"How a server is chosen: least-busy (fewest connections for its weight), least-response-time (the quicker of two drawn at random), least-bandwidth (fewest bytes of late), p2c (the less busy of two drawn at random), round-robin, weighted (smooth weighted round robin), random, first, or the same server for the same client: hash (the fairest), ring, or maglev (for many servers). Names known from elsewhere, such as leastconn or ip_hash, are taken too and shown as these: docs/policies.md has them."`
	Hash     PoolHash      `wye:"hash"`
	Zone     string        `wye:"zone" doc:"Where this proxy stands: servers of the same zone are chosen while there are any."`
	MaxConns int           `wye:"max_conns" default:"0" min:"0" max:"1000000" doc:"Most connections (of http: requests) that one server holds at a time; more wait in the queue. 0 is no limit."`
	Queue    PoolQueue     `wye:"queue"`
	Panic    int           `wye:"panic" default:"0" min:"0" max:"100" doc:"Percent of a priority's servers: while fewer are in rotation, all of them are used, whatever the checks say. 0 never."`
	Health   PoolHealth    `wye:"health"`
	HTTP     *PoolHTTP     `wye:"http"` // of kind http always there
	Eject    PoolEject     `wye:"eject"`
	Breaker  *PoolBreaker  `wye:"breaker"` // nil: none
	TLS      *PoolTLS      `wye:"tls"`     // nil: servers are spoken to in the clear
	Proxy    ProxyVersion  `wye:"send_proxy" default:"off" doc:"Tell servers the client's address by a PROXY protocol header: off, v1 (text) or v2 (binary). Health checks send one too."`
	Timeouts PoolTimeouts  `wye:"timeouts"`
	Tries    int           `wye:"tries" default:"3" min:"1" max:"64" doc:"Most servers that are tried for one connection; another is tried when one cannot be reached."`
}

// Server is one server of a pool. In the file it may be its address alone.
type Server struct {
	Addr     string `wye:"addr,required" check:"host" doc:"Address of one server: \"host:port\"."`
	Name     string `wye:"name" derived:"its address" doc:"What it is called on the console and in metrics."`
	Weight   int    `wye:"weight" default:"1" min:"1" max:"1000" doc:"Share of the connections, beside the other servers' weights."`
	Zone     string `wye:"zone" doc:"Where the server stands; see zone of the pool."`
	MaxConns int    `wye:"max_conns" min:"1" max:"1000000" derived:"the pool's" doc:"Most connections (of http: requests) that this server holds at a time."`
	Priority int    `wye:"priority" default:"0" min:"0" max:"127" doc:"0 serves first; servers of the next priority take over as far as those of lower ones are out of rotation."`
}

// plain tells whether the server says nothing but its address.
func (s Server) plain() bool { return s == Server{Addr: s.Addr, Weight: 1} }

// Title is what the server is called.
func (s Server) Title() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Addr
}

// PoolHash is what balance: hash makes its key of.
type PoolHash struct {
	IPv4  int `wye:"ipv4" default:"32" min:"1" max:"32" doc:"With balance: hash, ring or maglev, clients whose IPv4 addresses begin with the same so many bits go to the same server."`
	IPv6  int `wye:"ipv6" default:"64" min:"1" max:"128" doc:"The same for IPv6."`
	Bound int `wye:"bound" default:"0" min:"0" max:"1000" doc:"Most connections that a server holds with these, in percent of its fair share, from 100; what is above goes elsewhere. 0 is no bound."`
}

// PoolQueue bounds the wait for a server that is below its limit.
type PoolQueue struct {
	Length  int           `wye:"length" default:"1024" min:"0" max:"1000000" doc:"Most clients that wait at a time because every server is at its max_conns; one more is turned away."`
	Timeout time.Duration `wye:"timeout" default:"5s" min:"1ms" max:"1h" doc:"How long one waits before it is turned away."`
}

// PoolBreaker is when a server is spared because too much of what it gets
// fails, whoever is left. The section's presence turns it on.
type PoolBreaker struct {
	Volume   int           `wye:"volume" default:"20" min:"1" max:"1000000" doc:"Connections (of http: requests) within window without which the ratio says nothing."`
	Ratio    int           `wye:"ratio" default:"50" min:"1" max:"100" doc:"Percent of them that failed, at which the server gets no more."`
	Failures int           `wye:"failures" default:"0" min:"0" max:"1000000" doc:"Failures in a row at which it gets no more; 0 does not count them."`
	Window   time.Duration `wye:"window" default:"10s" min:"10ms" max:"1h" doc:"Time over which they are counted."`
	Time     time.Duration `wye:"time" default:"5s" min:"1ms" max:"24h" doc:"For how long it gets none at first; each further time in a row doubles it."`
	MaxTime  time.Duration `wye:"max_time" default:"1m" min:"1ms" max:"24h" doc:"For how long at most."`
	Probes   int           `wye:"probes" default:"3" min:"1" max:"1000" doc:"How many are let through after that; all must do well, or it begins again."`
}

// PoolHealth is how servers are checked when nobody uses them.
type PoolHealth struct {
	Check     PoolCheck     `wye:"check" derived:"http with an http section, else tls with tls of the pool, else tcp" doc:"What a server must do to be up: tcp (accept a connection), tls (and shake hands), http (answer a request; see http), or none (it is not asked)."`
	Send      string        `wye:"send" doc:"Bytes sent after connecting; backslash escapes such as \\r\\n in double quotes."`
	Expect    string        `wye:"expect" doc:"Text that must be in the first 4 KiB that the server then answers."`
	Interval  time.Duration `wye:"interval" default:"1s" min:"10ms" max:"1h" doc:"Pause between two checks of a server. While its state is in doubt, and after a failed connection, checks come ten times as often."`
	Timeout   time.Duration `wye:"timeout" default:"500ms" min:"1ms" max:"1m" doc:"Time in which a check must pass."`
	Rise      int           `wye:"rise" default:"2" min:"1" max:"100" doc:"Checks passed in a row that bring a server up; the very first counts at once."`
	Fall      int           `wye:"fall" default:"2" min:"1" max:"100" doc:"Checks failed in a row that take it down."`
	SlowStart time.Duration `wye:"slow_start" default:"0" max:"1h" doc:"A server that comes back gets its full share after this time."`
	HTTP      *ProbeHTTP    `wye:"http"` // nil: none, or all defaults where check says http
}

// PoolEject is when a server is put aside because connections to it fail.
type PoolEject struct {
	Failures int           `wye:"failures" default:"5" min:"0" max:"1000000" doc:"Failures in a row that put a server aside; 0 never does."`
	Time     time.Duration `wye:"time" default:"30s" min:"1ms" max:"24h" doc:"For how long at first; each further time doubles it."`
	MaxTime  time.Duration `wye:"max_time" default:"5m" min:"1ms" max:"24h" doc:"For how long at most."`
	Outliers int           `wye:"outliers" default:"100" min:"0" max:"1000000" doc:"Of five servers or more, those with so many connections (of http: requests) in 10 s are compared: one whose success rate is far below the others' is put aside. 0 does not compare."`
	Share    int           `wye:"share" default:"50" min:"0" max:"100" doc:"Percent of the pool that may be aside at once; one always may, and the last server never."`
}

// PoolTLS is how servers are spoken to by TLS. The section's presence turns it
// on.
type PoolTLS struct {
	Mode       PoolTLSMode `wye:"mode" default:"verify-full" doc:"How servers are checked: require (not at all), verify-ca, or verify-full (the name is checked too)."`
	CA         string      `wye:"ca" doc:"PEM file with the authorities to check servers against. Absent: the system's."`
	Cert       string      `wye:"cert" doc:"PEM file with the certificate to show to servers."`
	Key        string      `wye:"key" doc:"PEM file with its private key."`
	ServerName string      `wye:"server_name" derived:"the server's host" doc:"Name to ask for and to check."`
}

// PoolTimeouts end what takes too long.
type PoolTimeouts struct {
	Connect time.Duration `wye:"connect" default:"2s" min:"1ms" max:"1h" doc:"Time to reach one server, its TLS handshake included."`
	Idle    time.Duration `wye:"idle" default:"1h" max:"8760h" doc:"A TCP connection on which nothing moved either way for so long is closed; 0 never."`
	Drain   time.Duration `wye:"drain" default:"0" max:"8760h" doc:"TCP connections to a server that is drained, or no longer in the file, are closed after this time; 0 leaves them until they end."`
}

// PoolKind is what the servers of a pool speak.
type PoolKind string

// The kinds of pools.
const (
	KindTCP  PoolKind = "tcp"
	KindHTTP PoolKind = "http"
)

func (PoolKind) allowed() []string { return []string{"tcp", "http"} }

// PoolBalance is how one of several servers is chosen: a policy of proxy/upstream,
// by its own name.
type PoolBalance string

func (PoolBalance) allowed() []string            { return upstream.Policies() }
func (PoolBalance) canonical(name string) string { return upstream.Canonical(name) }

// PoolCheck is what a server must do to be up.
type PoolCheck string

// From nothing to a request.
const (
	CheckNone PoolCheck = "none"
	CheckTCP  PoolCheck = "tcp"
	CheckTLS  PoolCheck = "tls"
	CheckHTTP PoolCheck = "http"
)

func (PoolCheck) allowed() []string { return []string{"tcp", "tls", "http", "none"} }

// ProxyVersion is a form of the PROXY protocol.
type ProxyVersion string

// None, text or binary.
const (
	ProxyOff ProxyVersion = "off"
	ProxyV1  ProxyVersion = "v1"
	ProxyV2  ProxyVersion = "v2"
)

func (ProxyVersion) allowed() []string { return []string{"off", "v1", "v2"} }

// PoolTLSMode is libpq's sslmode from require on.
type PoolTLSMode string

// How servers are checked.
const (
	PoolTLSRequire    PoolTLSMode = "require"
	PoolTLSVerifyCA   PoolTLSMode = "verify-ca"
	PoolTLSVerifyFull PoolTLSMode = "verify-full"
)

func (PoolTLSMode) allowed() []string { return []string{"require", "verify-ca", "verify-full"} }

// Pools are the names of the pools that the listener leads to.
func (l *Listener) Pools() []string {
	var names []string
	if l.Pool != "" {
		names = append(names, l.Pool)
	}
	for _, r := range l.Names {
		names = append(names, r.Pool)
	}
	for _, r := range l.Routes {
		names = append(names, r.pools()...)
	}
	return names
}

// ServicePool returns the pool of that name, or nil.
func (c *Config) ServicePool(name string) *ServicePool {
	for i := range c.Pools {
		if c.Pools[i].Name == name {
			return &c.Pools[i]
		}
	}
	return nil
}
