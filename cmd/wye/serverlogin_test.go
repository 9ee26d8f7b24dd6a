package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
)

// backendConfig is a configuration with one cluster whose backend is as given.
func backendConfig(backend string, users ...string) string {
	text := "clusters:\n  app: {nodes: [\"{server}\"], backend: " + backend + ", pool: {login_retry: 10ms}}\nlisteners:\n  - {name: main, bind: \"127.0.0.1:0\"}\nusers:\n"
	for _, u := range users {
		text += "  - {" + u + "}\n"
	}
	return text
}

// clientCert writes a certificate that the cluster's servers accept.
func clientCert(t *testing.T, c *testpg.Cluster, name string) (cert, key string) {
	t.Helper()
	certPEM, keyPEM, err := c.IssueClientCert(name)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "client.crt"), filepath.Join(t.TempDir(), "client.key")
	for path, text := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestWaysToLogInToServers(t *testing.T) {
	secure, plain := shared(t), victim(t)
	cert, key := clientCert(t, secure, "certuser")
	stranger := newAuthority(t)
	strangerCert, strangerKey := stranger.issue("certuser")
	withCert := fmt.Sprintf("{tls: {mode: require, cert: %s, key: %s}}", cert, key)
	const isTLS = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
	for _, tt := range []struct {
		name     string
		server   *testpg.Cluster
		backend  string
		user     string // user and password at wye
		ask, got string // got "!CODE" is a refused login
	}{
		{"scram", secure, "{tls: {mode: disable}}", "name: app, password: app", isTLS, "f"},
		{"scram required", secure, "{tls: {mode: disable}, require_auth: [scram]}", "name: app, password: app", isTLS, "f"},
		{"wrong password", secure, "{tls: {mode: disable}}", "name: app, password: another", "", "!28P01"},
		{"md5", secure, "{tls: {mode: disable}}", "name: md5user, password: md5user", "select current_user", "md5user"},
		{"md5 where scram is required", secure, "{tls: {mode: disable}, require_auth: [scram]}", "name: md5user, password: md5user", "", "!57P03"},
		{"trust", secure, "{tls: {mode: disable}}", "name: trusted, password: whatever", "select current_user", "trusted"},
		{"trust where scram is required", secure, "{tls: {mode: disable}, require_auth: [scram]}", "name: trusted, password: whatever", "", "!57P03"},
		{"another role", secure, "{user: other, password: other, tls: {mode: disable}}", "name: app, password: app", "select current_user", "other"},
		{"prefer", secure, "{tls: {mode: prefer}}", "name: app, password: app", isTLS, "t"},
		{"prefer, without TLS", plain, "{tls: {mode: prefer}}", "name: app, password: app", isTLS, "f"},
		{"require", secure, "{tls: {mode: require}}", "name: app, password: app", isTLS, "t"},
		{"require, without TLS", plain, "{tls: {mode: require}}", "name: app, password: app", "", "!57P03"},
		{"verify-full", secure, "{tls: {mode: verify-full, ca: " + secure.CAFile + "}}", "name: app, password: app", isTLS, "t"},
		{"ca means verify-full", secure, "{tls: {ca: " + secure.CAFile + ", server_name: elsewhere}}", "name: app, password: app", "", "!57P03"},
		{"verify-full, another CA", secure, "{tls: {mode: verify-full, ca: " + stranger.file + "}}", "name: app, password: app", "", "!57P03"},
		{"verify-full, another name", secure, "{tls: {mode: verify-full, ca: " + secure.CAFile + ", server_name: elsewhere}}", "name: app, password: app", "", "!57P03"},
		{"verify-full, given name", secure, "{tls: {mode: verify-full, ca: " + secure.CAFile + ", server_name: localhost}}", "name: app, password: app", isTLS, "t"},
		{"verify-full, without TLS", plain, "{tls: {mode: verify-full, ca: " + secure.CAFile + "}}", "name: app, password: app", "", "!57P03"},
		{"verify-ca, another name", secure, "{tls: {mode: verify-ca, ca: " + secure.CAFile + ", server_name: elsewhere}}", "name: app, password: app", isTLS, "t"},
		{"verify-ca, another CA", secure, "{tls: {mode: verify-ca, ca: " + stranger.file + "}}", "name: app, password: app", "", "!57P03"},
		{"direct TLS, too old a server", secure, "{tls: {mode: require, direct: true}}", "name: app, password: app", "", "!57P03"},
		{"certificate", secure, withCert, "name: certuser, password: certuser", "select current_user", "certuser"},
		{"someone's certificate", secure, fmt.Sprintf("{tls: {mode: require, cert: %s, key: %s}}", strangerCert, strangerKey), "name: certuser, password: x", "", "!"},
		{"no certificate", secure, "{tls: {mode: require}}", "name: certuser, password: certuser", "", "!28000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server, addr := startProxy(t, tt.server, backendConfig(tt.backend, tt.user))
			user := strings.TrimSuffix(strings.Fields(tt.user)[1], ",")
			login := strings.Replace(dsnOf(addr, user, "app"), "password="+user, "password="+strings.Fields(tt.user)[3], 1)
			if code, bad := strings.CutPrefix(tt.got, "!"); bad {
				e := refused(t, login)
				if code != "" && e.Code != code {
					t.Errorf("got %s %s, want %s", e.Code, e.Message, code)
				}
				if strings.Contains(e.Message+e.Detail+e.Hint, "127.0.0.1") {
					t.Errorf("the client is told where the server is: %+v", e)
				}
				return
			}
			conn := connect(t, login)
			if got := must(t, conn, tt.ask); got != tt.got {
				t.Errorf("%s: got %q, want %q", tt.ask, got, tt.got)
			}
			if tls := server.Snapshot().Servers[0].TLS; (tls != "") != (must(t, conn, isTLS) == "t") {
				t.Errorf("SHOW SERVERS says TLS is %q", tls)
			}
			// Cancel requests take the same way.
			wantError(t, cancelled(t, conn, later(conn, "select pg_sleep(1006)")), "57014")
		})
	}
}

// verifierOf is what the server has stored for a role.
func verifierOf(t *testing.T, c *testpg.Cluster, role string) string {
	t.Helper()
	return asSuperuser(t, c, "select rolpassword from pg_authid where rolname = '"+role+"'")
}

// endServerConns ends all server processes of a role.
func endServerConns(t *testing.T, c *testpg.Cluster, role string) {
	t.Helper()
	superuser(t, c, "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = '"+role+"'")
}

// TestVerifierPassesThrough: from a verifier alone wye cannot log in to a
// server; the client's own proof gives it the key.
func TestVerifierPassesThrough(t *testing.T) {
	c := shared(t)
	a := newAuthority(t)
	cert, key := a.issue("server", "127.0.0.1")
	text := strings.Replace(backendConfig("{tls: {mode: disable}}", fmt.Sprintf("name: app, password: %q", verifierOf(t, c, "app"))),
		"bind: \"127.0.0.1:0\"", "bind: \"127.0.0.1:0\", tls: {use: own, mode: allow}", 1) +
		fmt.Sprintf("tls:\n  own: {cert: %s, key: %s}\n", cert, key)
	_, addr := startProxy(t, c, text)
	conn := connect(t, dsn(addr))
	must(t, conn, "select 1")
	for range 3 {
		endServerConns(t, c, "app")
		must(t, conn, "select 1")
	}
	bound := connect(t, strings.Replace(dsn(addr), "sslmode=disable", "sslmode=verify-full channel_binding=require sslrootcert="+a.file, 1))
	endServerConns(t, c, "app")
	must(t, bound, "select 1")
	if e := refused(t, strings.Replace(dsn(addr), "password=app", "password=x", 1)); e.Code != "28P01" {
		t.Errorf("got %s", e.Code)
	}
	endServerConns(t, c, "app")
	must(t, conn, "select 1") // the failed login has not spoiled the key
}

// TestForeignVerifier: a verifier with another salt proves the client to wye,
// and is of no use at the server; the client is told so.
func TestForeignVerifier(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, backendConfig("{tls: {mode: disable}}", fmt.Sprintf("name: app, password: %q", hashOf(t, "app"))))
	if e := refused(t, dsn(addr)); e.Code != "28P01" && e.Code != "57P03" {
		t.Errorf("got %s %s", e.Code, e.Message)
	}
}

func hashOf(t *testing.T, password string) string {
	t.Helper()
	var out, errs strings.Builder
	if code := runHash([]string{password}, &out, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	return strings.TrimSpace(out.String())
}
