package config

import (
	"fmt"
	"strings"
)

// checkListener looks at one listener by itself and beside those before it.
func (d *decoder) checkListener(c *Config, i int) {
	l := &c.Listeners[i]
	path := join("listeners", l.Name)
	for _, other := range c.Listeners[:i] {
		if l.Bind != "" && l.Bind == other.Bind && !strings.HasSuffix(l.Bind, ":0") {
			d.errorf(d.at(path+".bind"), "%s.bind: %s listens there already", path, join("listeners", other.Name))
		}
	}
	d.checkListenerTLS(c, l, path)
	if l.Kind != ListenPostgres {
		d.checkPoolListener(c, l, path)
		return
	}
	d.withoutEffect(path, "kind postgres", "pool", "names", "accept_proxy", "max_clients", "per_ip", "tls.also", "http", "routes")
	switch {
	case l.Bind != "" && !l.bears(l.Auth):
		d.errorf(d.at(path+".auth"), "%s.auth: %s", path, needs[l.Auth])
	case l.Auth == AuthTrust:
		d.warnf(d.at(path+".auth"), "%s.auth: trust lets in everyone who can reach %s", path, d.name(path+".bind", l.Bind))
	case l.Auth == AuthMD5:
		d.warnf(d.at(path+".auth"), "%s.auth: md5 is weak and on its way out of PostgreSQL; write scram", path)
	}
}

func (d *decoder) checkListenerTLS(c *Config, l *Listener, path string) {
	use, mode := path+".tls.use", path+".tls.mode"
	cert := c.Certificate(l.TLS.Use)
	switch {
	case l.TLS.Use == "" && l.TLS.Mode != ListenDisable:
		d.errorf(d.at(mode), "%s: %s needs a certificate; name one with tls.use", mode, l.TLS.Mode)
	case l.TLS.Use != "" && l.TLS.Mode == ListenDisable:
		d.errorf(d.at(mode), "%s: disable leaves tls.use without effect; remove one of them", mode)
	case l.TLS.Use != "" && strings.HasPrefix(l.Bind, unixPrefix):
		d.errorf(d.at(use), "%s: clients never speak TLS on a unix socket; remove tls", use)
	case l.TLS.Use != "" && cert == nil:
		d.undefined(use, "tls", l.TLS.Use, tlsNames(c))
	case l.TLS.Mode == ListenVerifyClient && cert.ClientCA == "":
		d.errorf(d.at(mode), "%s: verify-client needs %s.client_ca to check certificates against", mode, join("tls", l.TLS.Use))
	}
}

// bears tells whether clients of a listener may prove themselves so at all. The
// login (protocol/auth) holds each client to the same rules by its own address.
func (l *Listener) bears(auth Auth) bool {
	switch auth {
	case AuthTrust:
		return localOnly(l.Bind)
	case AuthPlain:
		return l.TLS.Mode.Encrypted() || strings.HasPrefix(l.Bind, unixPrefix)
	case AuthCert:
		return l.TLS.Mode == ListenVerifyClient
	}
	return true
}

// needs says what a listener lacks for a way of proving oneself, and why.
var needs = map[Auth]string{
	AuthTrust: "trust would let in other machines; bind to 127.0.0.1 or a unix socket, or write scram",
	AuthPlain: "plain would send passwords in the clear; set tls.mode to require, or write scram",
	AuthCert:  "cert needs tls.mode verify-client",
}

// checkUser looks at one user on all listeners and in all clusters.
func (d *decoder) checkUser(c *Config, u *User) {
	path := join("users", u.Name)
	for i, name := range u.Clusters {
		if name != "" && c.Cluster(name) == nil {
			d.undefined(fmt.Sprintf("%s.clusters[%d]", path, i), "cluster", name, clusterNames(c))
		}
	}
	if u.Auth != "" {
		d.checkUserAuth(c, u, path+".auth")
	}
	d.checkUserMode(c, u, path+".pool_mode")
	d.checkPassword(c, u, path)
}

// checkUserAuth wants one listener at least on which the user can get in.
func (d *decoder) checkUserAuth(c *Config, u *User, path string) {
	borne := false
	for i := range c.Listeners {
		borne = borne || c.Listeners[i].Kind == ListenPostgres && c.Listeners[i].bears(u.Auth)
	}
	switch {
	case !borne:
		d.errorf(d.at(path), "%s: no listener allows this: %s", path, needs[u.Auth])
	case u.Auth == AuthTrust:
		d.warnf(d.at(path), "%s: trust lets in everyone on this machine who says to be %s", path, u.Name)
	case u.Auth == AuthMD5:
		d.warnf(d.at(path), "%s: md5 is weak and on its way out of PostgreSQL; write scram", path)
	}
}

// checkPassword looks at a user's password and at how it will be asked for.
func (d *decoder) checkPassword(c *Config, u *User, path string) {
	asked, scram := d.asked(c, u)
	at := d.at(path + ".password")
	switch kind := u.Password.Kind(); {
	case kind == PasswordNone && asked && !lookedUp(c, u):
		if _, tried := d.where[path+".password"]; !tried {
			d.errorf(at, "%s has no password, and no cluster it may enter has auth_query; write password: ${file:...}", path)
		}
	case kind == PasswordSCRAM && !goodVerifier(u.Password.Reveal()):
		d.errorf(at, "%s.password begins like a SCRAM verifier and is not a whole one; copy all of rolpassword from pg_authid", path)
	case kind == PasswordMD5 && scram != "":
		d.warnf(at, "%s.password: an md5 password cannot log in on %s, which asks for scram", path, scram)
	}
	d.checkReadable(u.Password, path+".password")
}

// asked tells whether the user is asked for a password on any listener, and
// names one that asks for SCRAM.
func (d *decoder) asked(c *Config, u *User) (asked bool, scram string) {
	for _, l := range c.Listeners {
		if l.Kind != ListenPostgres {
			continue
		}
		auth := l.Auth
		if u.Auth != "" {
			auth = u.Auth
		}
		asked = asked || auth != AuthCert && auth != AuthTrust
		if auth == AuthSCRAM && scram == "" {
			scram = join("listeners", l.Name)
		}
	}
	return asked, scram
}

func lookedUp(c *Config, u *User) bool {
	for i := range c.Clusters {
		if c.Clusters[i].AuthQuery != nil && u.MayEnter(c.Clusters[i].Name) {
			return true
		}
	}
	return false
}

// checkReadable warns when a password itself stands in a file that others can
// read. What came from a reference stands elsewhere.
func (d *decoder) checkReadable(s Secret, path string) {
	at := d.at(path)
	if mode, open := d.open[at.file]; open && s.Kind() == PasswordPlain && !d.hidden[path] {
		d.warnf(at, "%s: a password in a file that others can read (mode %04o); chmod 600 it, or write ${file:...}", path, mode)
	}
}
