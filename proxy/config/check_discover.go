package config

import (
	"fmt"
	"net/url"
	"strings"
)

// checkDiscover looks at where a pool's servers are listed.
func (d *decoder) checkDiscover(p *ServicePool, path string) {
	x := p.Discover
	if x == nil {
		return
	}
	path += ".discover"
	switch given := x.places(); {
	case len(given) == 0 && !d.broken[path]:
		d.errorf(d.at(path), "%s: say where: file, dns, etcd or consul", path)
	case len(given) > 1:
		d.errorf(d.at(path+"."+given[1]), "%s: %s and %s; servers are listed in one place", path, given[0], given[1])
	}
	host := x.DNS != "" && !strings.HasPrefix(x.DNS, "_")
	switch {
	case x.DNS == "":
		d.withoutEffect(path, "no dns", "port", "resolver")
	case host && x.Port == 0:
		d.errorf(d.at(path+".dns"), "%s.dns: a host has no ports in DNS; write port too", path)
	case !host:
		d.withoutEffect(path, "dns of a service", "port")
	}
	if e := x.Etcd; e != nil {
		for i, u := range e.URLs {
			d.checkRegistry(fmt.Sprintf("%s.etcd.urls[%d]", path, i), u)
		}
		if (e.User == "") != (e.Password == "") {
			d.errorf(d.at(path+".etcd"), "%s.etcd: user and password go together", path)
		}
	}
	if c := x.Consul; c != nil {
		d.checkRegistry(path+".consul.url", c.URL)
	}
}

// checkRegistry wants the URL of an HTTP API.
func (d *decoder) checkRegistry(path, text string) {
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		d.errorf(d.at(path), `%s: %s is not of the form "http://host:port"`, path, d.name(path, text))
	}
}
