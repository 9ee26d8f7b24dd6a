package config

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// checkRoutes looks at where the requests of an http listener go.
func (d *decoder) checkRoutes(c *Config, l *Listener, path string) {
	if l.Pool == "" && len(l.Routes) == 0 && !d.broken[path] {
		d.errorf(d.at(path), "%s: name the pool that its requests go to, or routes", path)
	}
	for i := range l.Routes {
		r := &l.Routes[i]
		d.checkRoute(c, l, r, join(path+".routes", r.Name))
	}
}

func (d *decoder) checkRoute(c *Config, l *Listener, r *HTTPRoute, path string) {
	bad := func(key, format string, args ...any) {
		d.errorf(d.at(path+"."+key), "%s.%s: %s", path, key, fmt.Sprintf(format, args...))
	}
	if n := given(r.Path, r.Exact, r.Regexp); n > 1 {
		bad("path", "one of path, exact and regexp, not %d of them", n)
	}
	for key, p := range map[string]string{"path": r.Path, "exact": r.Exact} {
		if p != "" && p[0] != '/' {
			bad(key, "must begin with /")
		}
	}
	if _, err := regexp.Compile(r.Regexp); err != nil {
		bad("regexp", "%v", err)
	}
	for i, h := range r.Hosts {
		if bare := strings.TrimPrefix(h, "*."); bare == "" || strings.ToLower(h) != h || strings.ContainsAny(bare, "*/: ") {
			bad(fmt.Sprintf("hosts[%d]", i), `%s is no host; write "example.com" or "*.example.com", in lower case`, show(h))
		}
	}
	for i, m := range r.Methods {
		if m != strings.ToUpper(m) {
			bad(fmt.Sprintf("methods[%d]", i), "%s: methods are in capitals", show(m))
		}
	}
	for key, list := range map[string][]string{"headers": r.Headers, "queries": r.Queries, "cookies": r.Cookies} {
		for i, text := range list {
			if _, err := ReadCondition(text); err != nil {
				bad(fmt.Sprintf("%s[%d]", key, i), "%v", err)
			}
		}
	}
	d.checkDestination(c, l, r, path)
	d.checkRewrite(r, path+".rewrite")
	if r.Rate != nil {
		if _, _, err := ReadKey(r.Rate.By); err != nil {
			bad("rate.by", "%v", err)
		}
	}
	if r.Mirror != nil {
		d.checkPoolName(c, l, path+".mirror.pool", r.Mirror.Pool)
	}
}

// checkDestination wants one answer to where requests go.
func (d *decoder) checkDestination(c *Config, l *Listener, r *HTTPRoute, path string) {
	ways, weight := 0, 0
	for _, there := range []bool{r.Pool != "", len(r.To) > 0, r.Redirect != nil} {
		if there {
			ways++
		}
	}
	if ways != 1 && !d.broken[path] {
		d.errorf(d.at(path), "%s: one of pool, to and redirect says where its requests go", path)
	}
	d.checkPoolName(c, l, path+".pool", r.Pool)
	for i, s := range r.To {
		d.checkPoolName(c, l, fmt.Sprintf("%s.to[%d].pool", path, i), s.Pool)
		weight += s.Weight
	}
	if len(r.To) > 0 && weight == 0 {
		d.errorf(d.at(path+".to"), "%s.to: no pool has a weight above 0", path)
	}
	if r.Redirect == nil {
		return
	}
	if !slices.Contains([]int{301, 302, 303, 307, 308}, r.Redirect.Status) {
		d.errorf(d.at(path+".redirect.status"), "%s.redirect.status: 301, 302, 303, 307 or 308", path)
	}
	if s := r.Redirect.Scheme; s != "" && s != "http" && s != "https" {
		d.errorf(d.at(path+".redirect.scheme"), "%s.redirect.scheme: http or https", path)
	}
	d.withoutEffect(path, "redirect", "sticky", "mirror", "max_body")
}

func (d *decoder) checkRewrite(r *HTTPRoute, path string) {
	w := r.Rewrite
	if w == nil {
		return
	}
	bad := func(key, format string, args ...any) {
		d.errorf(d.at(path+"."+key), "%s.%s: %s", path, key, fmt.Sprintf(format, args...))
	}
	switch {
	case given(w.Path, w.Prefix, w.Regexp) > 1:
		bad("path", "one of path, prefix and regexp")
	case w.Prefix != "" && r.Path == "":
		bad("prefix", "takes the place of the route's path, and there is none")
	case w.Path != "" && w.Path[0] != '/':
		bad("path", "must begin with /")
	case w.Prefix != "" && w.Prefix[0] != '/':
		bad("prefix", "must begin with /")
	case w.With != "" && w.Regexp == "":
		bad("with", "takes the place of what regexp matches, and there is none")
	}
	if _, err := regexp.Compile(w.Regexp); err != nil {
		bad("regexp", "%v", err)
	}
	for key, list := range map[string][]string{"request": w.Request, "answer": w.Answer} {
		for i, text := range list {
			h, err := ReadHeaderChange(text)
			if err == nil && slices.Contains(framing, http.CanonicalHeaderKey(h.Name)) {
				err = fmt.Errorf("%s is wye's business", h.Name)
			}
			if err != nil {
				bad(fmt.Sprintf("%s[%d]", key, i), "%v", err)
			}
		}
	}
}

// framing are headers that say how a message is carried; Host has a setting.
var framing = []string{"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// checkPoolHTTP looks at what only servers of HTTP are told.
func (d *decoder) checkPoolHTTP(p *ServicePool, path string) {
	if p.Kind != KindHTTP {
		d.withoutEffect(path, "kind tcp", "http", "health.http")
		if p.Health.Check == CheckHTTP {
			d.errorf(d.at(path+".health.check"), "%s.health.check: http is for kind http", path)
		}
		return
	}
	if p.Proxy != ProxyOff {
		d.errorf(d.at(path+".send_proxy"), "%s.send_proxy: servers of kind http learn the client from X-Forwarded-For", path)
	}
	d.withoutEffect(path, "kind http", "health.send", "health.expect")
	if _, _, err := ReadKey(p.HTTP.Key); err != nil {
		d.errorf(d.at(path+".http.hash_by"), "%s.http.hash_by: %v", path, err)
	}
	h := p.Health.HTTP
	if h == nil {
		return
	}
	if p.Health.Check != CheckHTTP {
		d.withoutEffect(path+".health", "check "+string(p.Health.Check), "http")
	}
	path += ".health.http"
	if h.Path[0] != '/' {
		d.errorf(d.at(path+".path"), "%s.path: must begin with /", path)
	}
	if h.Header != "" {
		if _, err := ReadCondition(h.Header); err != nil {
			d.errorf(d.at(path+".header"), "%s.header: %v", path, err)
		}
	}
	if _, err := regexp.Compile(h.Body); err != nil {
		d.errorf(d.at(path+".body"), "%s.body: %v", path, err)
	}
}

func given(texts ...string) (n int) {
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}
