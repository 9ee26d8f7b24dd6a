package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/netip"
	"regexp"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/httpproxy"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// httpPlan is what a pool of kind http tells the room that serves it. Texts
// have been checked by config.
func httpPlan(c *config.ServicePool, secure *tls.Config) (httpproxy.PoolSettings, httpproxy.Prober) {
	s := httpproxy.PoolSettings{
		TLS: secure, HTTP2: c.HTTP.HTTP2, DialTimeout: c.Timeouts.Connect, Stall: c.HTTP.Stall,
		Idle: c.HTTP.Keep, MaxIdle: c.HTTP.MaxKept, Zone: c.Zone,
	}
	if upstream.Keyed(string(c.Balance)) {
		key := keyOf(c.HTTP.Key)
		s.Key = &key
	}
	p := httpproxy.Prober{TLS: secure, HTTP2: c.HTTP.HTTP2, None: c.Health.Check == config.CheckNone, Dial: c.Health.Check != config.CheckHTTP}
	if h := c.Health.HTTP; h != nil {
		p.Path, p.Host, p.Statuses = h.Path, h.Host, h.Statuses
		if h.Header != "" {
			cond := conditions([]string{h.Header})[0]
			p.Header = &cond
		}
		if h.Body != "" {
			p.Body = regexp.MustCompile(h.Body)
		}
	}
	return s, p
}

func keyOf(text string) httpproxy.KeyOf {
	from, name, _ := config.ReadKey(text)
	return httpproxy.KeyOf{Name: name, From: map[string]httpproxy.KeyFrom{
		"address": httpproxy.ByAddress, "header": httpproxy.ByHeader, "cookie": httpproxy.ByCookie, "uri": httpproxy.ByURI,
	}[from]}
}

func conditions(texts []string) (cs []httpproxy.Condition) {
	for _, text := range texts {
		c, _ := config.ReadCondition(text)
		cs = append(cs, httpproxy.Condition(c))
	}
	return cs
}

// httpSettings is what an http listener does. Its pools are there already. Who
// has put them in force calls kept.settle.
func (s *Server) httpSettings(d *door, kept *httpKeep) httpproxy.Settings {
	h := d.HTTP
	set := httpproxy.Settings{
		Name: d.Name, TLS: d.tls, H2C: h.H2C, Forwarded: h.Forwarded, Key: []byte(h.CookieKey.Reveal()), Trusted: prefixes(h.Trusted),
		Introducers: prefixes(d.AcceptProxy), PerClient: perClient(d),
		Limits: httpproxy.Limits{
			Conns: cmp.Or(d.MaxClients, -1), HeadBytes: int(h.Head), BodyBytes: cmp.Or(h.Body, -1), HeadTime: h.HeadTime,
			BodyTime: h.BodyTime, WriteTime: h.WriteTime, IdleTime: h.Idle, H2Streams: h.Streams, TunnelIdle: h.Tunnel,
		},
	}
	if set.TLS != nil {
		set.TLS = set.TLS.Clone()
		set.TLS.NextProtos = []string{"http/1.1"}
		if h.HTTP2 {
			set.TLS.NextProtos = []string{"h2", "http/1.1"}
		}
	}
	for i := range d.Routes {
		r := s.httpRoute(&d.Routes[i])
		r.Around = kept.around(&d.Routes[i])
		set.Routes = append(set.Routes, r)
	}
	if d.Pool != "" {
		set.Routes = append(set.Routes, httpproxy.Route{Name: "*", To: []httpproxy.Share{{Pool: s.httpPool(d.Pool), Weight: 1}}})
	}
	return set
}

func prefixes(texts []string) (ps []netip.Prefix) {
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil { // config has checked it
			ps = append(ps, p.Masked())
		}
	}
	return ps
}

func (s *Server) httpRoute(c *config.HTTPRoute) httpproxy.Route {
	r := httpproxy.Route{
		Name: c.Name, Compress: c.Compress, BodyBytes: c.Body, Wait: c.Wait,
		Match: httpproxy.Match{
			Hosts: c.Hosts, Methods: c.Methods, Path: c.Path,
			Headers: conditions(c.Headers), Queries: conditions(c.Queries), Cookies: conditions(c.Cookies),
		},
		Retry: httpproxy.Retry{Tries: c.Retry.Tries, Statuses: c.Retry.Statuses, Time: c.Retry.Time, Body: cmp.Or(c.Retry.Body, -1)},
	}
	switch {
	case c.Exact != "":
		r.Match.Path, r.Match.Kind = c.Exact, httpproxy.Exact
	case c.Regexp != "":
		r.Match.Path, r.Match.Kind = c.Regexp, httpproxy.Regexp
	}
	if c.Pool != "" {
		r.To = []httpproxy.Share{{Pool: s.httpPool(c.Pool), Weight: 1}}
	}
	for _, sh := range c.To {
		r.To = append(r.To, httpproxy.Share{Pool: s.httpPool(sh.Pool), Weight: sh.Weight})
	}
	if d := c.Redirect; d != nil {
		r.Redirect = &httpproxy.Redirect{Status: d.Status, Scheme: d.Scheme, Host: d.Host}
	}
	if w := c.Rewrite; w != nil {
		r.Rewrite = rewriteOf(w)
	}
	if k := c.Sticky; k != nil {
		r.Sticky = &httpproxy.Sticky{Cookie: k.Cookie, Pool: k.Pool, MaxAge: k.MaxAge}
	}
	if q := c.Rate; q != nil {
		r.Rate = &httpproxy.Rate{Requests: q.Requests, Per: q.Per, Burst: q.Burst, By: keyOf(q.By), Keys: q.Keys}
	}
	if m := c.Mirror; m != nil {
		r.Mirror = &httpproxy.Mirror{Pool: s.httpPool(m.Pool), Percent: m.Percent, Body: cmp.Or(m.Body, -1)}
	}
	return r
}

func rewriteOf(w *config.RouteRewrite) httpproxy.Rewrite {
	r := httpproxy.Rewrite{Host: w.Host, Path: w.Path, Prefix: w.Prefix, With: w.With, Request: fields(w.Request), Answer: fields(w.Answer)}
	if w.Regexp != "" {
		r.Like = regexp.MustCompile(w.Regexp)
	}
	return r
}

func fields(texts []string) (f httpproxy.Fields) {
	for _, text := range texts {
		switch c, _ := config.ReadHeaderChange(text); c.How {
		case '-':
			f.Remove = append(f.Remove, c.Name)
		case '+':
			f.Add = append(f.Add, httpproxy.Field{Name: c.Name, Value: c.Value})
		default:
			f.Set = append(f.Set, httpproxy.Field{Name: c.Name, Value: c.Value})
		}
	}
	return f
}

func (s *Server) httpPool(name string) *httpproxy.Pool {
	if b := s.balance(name); b != nil && b.http != nil {
		return b.http.pool
	}
	return nil
}

// serveHTTP gives a listener what serves it, with its access log.
func (s *Server) serveHTTP(l *listener, d *door) error {
	o := httpproxy.Options{Log: s.log, Enter: s.enter, Leave: s.leave}
	var err error
	if l.access, err = newAccessFile(d); err != nil {
		return err
	}
	if l.access != nil {
		o.Access = l.access.log
	}
	l.kept = newHTTPKeep(d.HTTP.CacheMemory, d.HTTP.CacheEntry)
	l.http, err = httpproxy.New(o, s.httpSettings(d, l.kept))
	l.kept.settle(err == nil)
	return err
}

// drainHTTP lets HTTP requests end, and closes conns that have none. Drain
// waits for them, as it does for all clients.
func (s *Server) drainHTTP(ctx context.Context) {
	for _, l := range s.listeners {
		if l.http != nil {
			s.visiting.Add(1)
			go func() {
				defer s.visiting.Done()
				_ = l.http.Shutdown(ctx) // what is left at the end of ctx, Close ends
			}()
		}
	}
}
