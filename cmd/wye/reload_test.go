package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
)

// reload puts another configuration in place and waits until it is in force,
// or refused.
func (p *process) reload(c *testpg.Cluster, text string, accepted bool) {
	p.t.Helper()
	p.configure(c, text)
	done := func() int { return p.said("configuration reloaded") }
	if !accepted {
		done = func() int { return p.said("reload refused, the old configuration stays") }
	}
	before := done()
	p.signal(syscall.SIGHUP)
	eventually(p.t, "reload", func() bool { return done() > before })
}

const reloadUsers = `
users:
  - {name: app, password: app}
  - {name: other, password: other}
  - {name: ops, password: ops}
admin: {console: {admins: [ops]}}
`

func TestReloadChangesWhatItSays(t *testing.T) {
	c := shared(t)
	cfg := func(cluster string, rest ...string) string {
		return wyeConfig(cluster, append([]string{reloadUsers}, rest...)...)
	}
	p := startProcess(t, c, cfg("pool: {size: 1}"))
	a, b := connect(t, dsn(p.addr())), connect(t, dsn(p.addr()))
	ops := openConsole(t, p.addr(), "ops")

	// A larger pool serves who waits, at once.
	must(t, a, beginHere)
	waiting := later(b, "select 1")
	still(t, "a client of a full pool", waiting)
	p.reload(c, cfg("pool: {size: 2}"), true)
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	must(t, a, "commit")

	// A smaller one closes what it has too much.
	must(t, a, beginHere)
	must(t, b, beginHere)
	p.reload(c, cfg("pool: {size: 1}"), true)
	must(t, a, "commit")
	must(t, b, "commit")
	eventually(t, "one server conn", func() bool {
		must(t, a, "select 1") // on a slow machine the primary may have been lost in between, and all conns with it
		return ops.show("databases")[0]["current_connections"] == "1"
	})

	// Users come, go, and change their passwords.
	users := strings.Replace(reloadUsers, "{name: other, password: other}", "{name: looker, password: looker}", 1)
	users = strings.Replace(users, "{name: app, password: app}", "{name: app, password: changed}", 1)
	backend := strings.Replace(wyeConfig("", users), "backend: {", "backend: {user: app, password: app, ", 1)
	p.reload(c, backend, true)
	for _, tt := range []struct{ user, password, code string }{
		{"other", "other", "28P01"}, {"looker", "looker", ""}, {"app", "app", "28P01"}, {"app", "changed", ""},
	} {
		conn, code := tryLogin(t, strings.Replace(dsnOf(p.addr(), tt.user, "app"), "password="+tt.user, "password="+tt.password, 1))
		if code != tt.code {
			t.Errorf("%s with %s: got %q, want %q", tt.user, tt.password, code, tt.code)
		}
		if conn != nil {
			if got := must(t, conn, "select current_user"); got != "app" {
				t.Errorf("%s is %s at the server", tt.user, got)
			}
			_ = conn.Close(t.Context())
		}
	}
	must(t, a, "select 1")
	p.reload(c, cfg(""), true)

	// Limits and times hold for who is in already.
	p.reload(c, cfg("timeouts: {query: 200ms}", "process: {max_clients: 2}"), true)
	fails(t, a, "select pg_sleep(10)", "57014")
	if e := refused(t, dsn(p.addr())); e.Code != "53300" {
		t.Errorf("got %s", e.Code)
	}
	p.reload(c, cfg(""), true)

	// Clusters come and go.
	more := cfg("") + "\n"
	more = strings.Replace(more, "clusters:\n", "clusters:\n  second: {nodes: [\"{server}\"], database: app, backend: {tls: {mode: disable}}}\n", 1)
	p.reload(c, more, true)
	second := connect(t, dsnOf(p.addr(), "app", "second"))
	must(t, second, "select 1")
	inTx := connect(t, dsnOf(p.addr(), "app", "second"))
	must(t, inTx, beginHere)
	p.reload(c, cfg(""), true)
	if e := told(t, second); e.Code != "57P01" {
		t.Errorf("a client of a removed cluster: %s", e.Code)
	}
	if e := refused(t, dsnOf(p.addr(), "app", "second")); e.Code != "3D000" {
		t.Errorf("got %s", e.Code)
	}
	must(t, inTx, "select 1; commit")
	must(t, a, "select 1")
}
