package proxy

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"math"
	"strings"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/crowd"
	"github.com/wyeproxy/wye/proxy/tcpproxy"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// planBalance prepares a pool: it reads the certificates that the
// configuration names. Errors begin with the setting, without the pool.
func planBalance(c *config.ServicePool) (*balancePlan, error) {
	p := &balancePlan{ServicePool: *c}
	secure, err := poolTLS(c.TLS)
	if err != nil {
		return nil, fmt.Errorf("tls.%w", err)
	}
	settings, targets := balancing(c)
	p.servers = targets
	if c.Kind == config.KindHTTP {
		p.balance = settings
		p.http, p.prober = httpPlan(c, secure)
		return p, nil
	}
	p.tcp = tcpproxy.PoolSettings{
		Balance: settings, Servers: targets, Zone: c.Zone, IPv4: c.Hash.IPv4, IPv6: c.Hash.IPv6,
		Connect: c.Timeouts.Connect, Idle: c.Timeouts.Idle, Drain: c.Timeouts.Drain, Tries: c.Tries,
		Header: headers[c.Proxy], TLS: secure,
		Check: tcpproxy.Check{
			None: c.Health.Check == config.CheckNone, TLS: c.Health.Check == config.CheckTLS,
			Send: []byte(c.Health.Send), Expect: []byte(c.Health.Expect),
		},
	}
	return p, nil
}

var headers = map[config.ProxyVersion]tcpproxy.Header{
	config.ProxyOff: tcpproxy.NoHeader, config.ProxyV1: tcpproxy.HeaderV1, config.ProxyV2: tcpproxy.HeaderV2,
}

// balancing is what a pool of either kind tells proxy/upstream.
func balancing(c *config.ServicePool) (upstream.Settings, []upstream.Target) {
	failures := c.Eject.Failures
	if failures == 0 {
		failures = -1
	}
	volume := c.Eject.Outliers
	if volume == 0 {
		volume = math.MaxInt32 // nobody has so many
	}
	h := c.Health
	s := upstream.Settings{
		Policy: string(c.Balance), SlowStart: h.SlowStart, HashBound: c.Hash.Bound,
		MaxConns: c.MaxConns, Panic: c.Panic, Queue: upstream.Queue{Length: cmp.Or(c.Queue.Length, -1), Timeout: c.Queue.Timeout},
		Ejection: upstream.Ejection{
			Failures: failures, Time: c.Eject.Time, MaxTime: c.Eject.MaxTime, Volume: volume, Share: cmp.Or(c.Eject.Share, 1),
			TimeOnly: h.Check == config.CheckNone, // nothing else tells that it is well again
		},
		Check: upstream.Check{Interval: h.Interval, Timeout: h.Timeout, Rise: h.Rise, Fall: h.Fall},
	}
	if b := c.Breaker; b != nil {
		s.Breaker = upstream.Breaker{
			On: true, Volume: b.Volume, Ratio: b.Ratio, Failures: b.Failures, Window: b.Window, Time: b.Time, MaxTime: b.MaxTime, Probes: b.Probes,
		}
	}
	targets := make([]upstream.Target, len(c.Servers))
	for i, t := range c.Servers {
		targets[i] = upstream.Target{Name: t.Title(), Addr: t.Addr, Weight: t.Weight, Zone: t.Zone, MaxConns: t.MaxConns, Priority: t.Priority}
	}
	return s, targets
}

// poolTLS is how servers are spoken to; nil is in the clear. Errors begin with
// the setting.
func poolTLS(t *config.PoolTLS) (*tls.Config, error) {
	if t == nil {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CA != "" {
		var err error
		if c.RootCAs, err = authorities(t.CA); err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
	}
	if t.Cert != "" {
		cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("cert: %w", err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	switch t.Mode {
	case config.PoolTLSRequire:
		c.InsecureSkipVerify = true // as the mode is defined: encrypted, unchecked
	case config.PoolTLSVerifyCA:
		c.InsecureSkipVerify = true // the name only; the chain is checked here
		c.VerifyConnection = verifyChain(c.RootCAs)
	}
	return c, nil
}

// doorSettings is how clients of a tcp listener are let in. Its pools are there
// already.
func (s *Server) doorSettings(d *door) tcpproxy.DoorSettings {
	set := tcpproxy.DoorSettings{
		Name: d.Name, Pool: s.tcpPool(d.Pool), TLS: d.tls, HelloTime: d.LoginTimeout, MaxClients: d.MaxClients,
		PerClient: perClient(d), Trusted: prefixes(d.AcceptProxy),
	}
	if len(d.Names) > 0 {
		set.Names = map[string]*tcpproxy.Pool{}
	}
	for _, r := range d.Names {
		for _, name := range r.Names {
			set.Names[strings.ToLower(name)] = s.tcpPool(r.Pool)
		}
	}
	return set
}

// perClient is what the clients of one address may take at a tcp or http
// listener.
func perClient(d *door) crowd.Limit {
	return crowd.Limit{Max: d.PerIP.Max, Rate: d.PerIP.Rate, Burst: d.PerIP.Burst}
}

func (s *Server) tcpPool(name string) *tcpproxy.Pool {
	if b := s.balance(name); b != nil {
		return b.tcp
	}
	return nil
}
