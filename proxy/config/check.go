package config

import (
	"fmt"
	"slices"
	"strings"
)

// check looks at how settings fit together, once each of them is right by
// itself. It goes on after an error, so it must bear settings left at zero.
func (d *decoder) check(c *Config) {
	if len(c.Clusters) == 0 && len(c.Pools) == 0 && !d.failed {
		d.errorf(d.at("clusters"), `no clusters, so there is nothing to connect to; write clusters: {shop: {nodes: ["db1:5432"]}}`)
	}
	if at, given := d.where["listeners"]; given && len(c.Listeners) == 1 && !d.failed {
		if _, own := d.where[join("listeners", c.Listeners[0].Name)]; !own {
			d.errorf(at, "listeners is empty; remove the line to listen on %s", DefaultBind)
		}
	}
	d.checkTLS(c)
	for i := range c.Listeners {
		d.checkListener(c, i)
	}
	for i := range c.Users {
		d.checkUser(c, &c.Users[i])
	}
	for i := range c.Clusters {
		d.checkCluster(&c.Clusters[i])
	}
	for i := range c.Pools {
		d.checkPool(&c.Pools[i])
	}
	d.checkConsole(c, "admin.console.admins", c.Admin.Console.Admins)
	d.checkConsole(c, "admin.console.viewers", c.Admin.Console.Viewers)
	d.checkSomeoneEnters(c)
	for i := range c.Clusters {
		d.checkVerified(&c.Clusters[i])
	}
}

// checkTLS warns of a certificate that no listener shows: most often a name
// that was changed in one place only.
func (d *decoder) checkTLS(c *Config) {
	for _, t := range c.TLS {
		used := false
		for _, l := range c.Listeners {
			used = used || l.TLS.Use == t.Name || slices.Contains(l.TLS.Also, t.Name)
		}
		if !used {
			d.warnf(d.at(join("tls", t.Name)), "%s is not used by any listener", join("tls", t.Name))
		}
	}
}

// checkConsole wants console users in the file: the console stands before any
// cluster, so there is no server to look their passwords up in.
func (d *decoder) checkConsole(c *Config, path string, names []string) {
	for i, name := range names {
		item := fmt.Sprintf("%s[%d]", path, i)
		if name != "" && c.User(name) == nil {
			d.undefined(item, "user", name, userNames(c))
		}
	}
}

func (d *decoder) checkSomeoneEnters(c *Config) {
	for _, cluster := range c.Clusters {
		if cluster.AuthQuery != nil {
			return
		}
	}
	if len(c.Users) == 0 && len(c.Clusters) > 0 && !d.failed {
		d.warnf(d.at("users"), "no users and no auth_query, so nobody can log in; write users: [{name: app, password: ...}]")
	}
}

// undefined reports a name that refers to nothing.
func (d *decoder) undefined(path, what, name string, known []string) {
	hint := ""
	if !d.hidden[path] {
		if hint = didYouMean(name, known); hint != "" {
			hint += "?"
		} else if len(known) > 0 && len(known) <= 10 {
			hint = "; defined are " + strings.Join(known, ", ")
		}
	}
	d.errorf(d.at(path), "%s: no %s %s is defined%s", path, what, d.name(path, name), hint)
}

func userNames(c *Config) (names []string) {
	for _, u := range c.Users {
		names = append(names, u.Name)
	}
	return names
}

func clusterNames(c *Config) (names []string) {
	for _, cl := range c.Clusters {
		names = append(names, cl.Name)
	}
	return names
}

func tlsNames(c *Config) (names []string) {
	for _, t := range c.TLS {
		names = append(names, t.Name)
	}
	return names
}
