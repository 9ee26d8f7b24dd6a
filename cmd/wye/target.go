package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/wyeproxy/wye/proxy/config"
)

// errNoAdmin: a file that is written well holds no password.
var errNoAdmin = errors.New("no user of admin.console.admins has its password in the configuration; say --console URL")

// consoleOf is the URL of the console of a wye that runs with this
// configuration on this machine, for the first admin whose password is known.
func consoleOf(cfg *config.Config) (string, error) {
	for i := range cfg.Listeners {
		l := &cfg.Listeners[i]
		if l.Kind != config.ListenPostgres || l.TLS.Mode == config.ListenVerifyClient {
			continue
		}
		for _, name := range cfg.Admin.Console.Admins {
			u := cfg.User(name)
			if u == nil {
				continue
			}
			if u.Password.Kind() == config.PasswordPlain || cmp.Or(u.Auth, l.Auth) == config.AuthTrust {
				return dialURL(url.UserPassword(name, plain(u.Password)), "pgbouncer", sslmodeOf(l.TLS.Mode), l.Network), nil
			}
		}
	}
	return "", errNoAdmin
}

func sslmodeOf(m config.ListenerMode) url.Values {
	mode := "disable"
	if m != config.ListenDisable {
		mode = "require" // "allow" has it too
	}
	return url.Values{"sslmode": {mode}}
}

// plain is a password that can be sent, "" for a verifier.
func plain(s config.Secret) string {
	if s.Kind() != config.PasswordPlain {
		return ""
	}
	return s.Reveal()
}

// serverOf is the URL of the cluster's servers, any of which will do.
func serverOf(cfg *config.Config, c *config.Cluster) (string, error) {
	user, err := serverUser(cfg, c)
	if err != nil {
		return "", err
	}
	t := c.Backend.TLS
	options := url.Values{}
	for name, value := range map[string]string{"sslmode": string(t.Mode), "sslrootcert": t.CA, "sslcert": t.Cert, "sslkey": t.Key} {
		if value != "" {
			options.Set(name, value)
		}
	}
	nodes := c.Servers()
	networks := make([]func() (string, string), len(nodes))
	for i, n := range nodes {
		networks[i] = n.Network
	}
	return dialURL(user, c.Database, options, networks...), nil
}

// serverUser is who may log in to the servers, as far as the file knows.
func serverUser(cfg *config.Config, c *config.Cluster) (*url.Userinfo, error) {
	switch {
	case c.Health.User != "":
		return url.UserPassword(c.Health.User, plain(c.Health.Password)), nil
	case c.Backend.User != config.SameUser:
		return url.UserPassword(c.Backend.User, plain(c.Backend.Password)), nil
	}
	for i := range cfg.Users {
		if u := &cfg.Users[i]; u.MayEnter(c.Name) && u.Password.Kind() == config.PasswordPlain {
			return url.UserPassword(u.Name, u.Password.Reveal()), nil
		}
	}
	return nil, fmt.Errorf("no user of cluster %s has its password in the configuration; say the server's URL", c.Name)
}

// dialURL is a libpq URL of one or several hosts.
func dialURL(user *url.Userinfo, database string, options url.Values, networks ...func() (network, address string)) string {
	var hosts, ports []string
	for _, where := range networks {
		host, port := hostOf(where())
		hosts, ports = append(hosts, host), append(ports, port)
	}
	options.Set("host", strings.Join(hosts, ","))
	options.Set("port", strings.Join(ports, ","))
	u := url.URL{Scheme: "postgres", User: user, Path: "/" + database, RawQuery: options.Encode()}
	return u.String()
}

// hostOf is where to connect to what listens there: all addresses means this
// machine, and of a socket libpq wants the folder.
func hostOf(network, address string) (host, port string) {
	if network == "unix" {
		return filepath.Dir(address), strings.TrimPrefix(filepath.Base(address), ".s.PGSQL.")
	}
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return address, "5432"
	case host == "" || host == "0.0.0.0":
		host = "127.0.0.1"
	case host == "::":
		host = "::1"
	}
	return host, port
}
