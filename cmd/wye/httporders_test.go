package main

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
)

// TestHTTPPoolOrders: what an operator says of a server outlasts reloads,
// whatever they change, and not a restart.
func TestHTTPPoolOrders(t *testing.T) {
	t.Parallel()
	servers, cfg := httpPool(t, "")
	text := func(cfg string) string {
		return strings.Replace(withConsole(cfg), "admin: {http: {bind: \"127.0.0.1:0\"}}\n", "", 1)
	}
	p := startProcess(t, nil, text(cfg))
	ops := openConsole(t, p.addrs["ops"], "ops")
	a := newAsker(t, p.addr(), 4)
	serve := func(what, names string) {
		t.Helper()
		who := map[string]bool{}
		for range 12 {
			name, err := a.ask("/")
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			who[name] = true
		}
		for _, n := range names {
			if !who[string(n)] {
				t.Errorf("%s: %v serve, want %s", what, who, names)
			}
		}
		if len(who) != len(names) {
			t.Errorf("%s: %v serve, want %s", what, who, names)
		}
	}
	serve("at first", "abc")
	must(t, ops.PgConn, "drain web/a")
	must(t, ops.PgConn, "maint web/b")
	serve("after the orders", "c")
	for what, next := range map[string]string{
		"the same":          cfg,
		"other settings":    strings.Replace(cfg, "interval: 500ms", "interval: 400ms", 1),
		"a name of it":      strings.Replace(cfg, "balance: round-robin", "balance: rr", 1),
		"another order":     httpConfig([]*lineserver.Process{servers[2], servers[1], servers[0]}, ""),
		"a route in it now": httpConfig(servers, ", routes: {r: {path: /x, pool: web}}"),
	} {
		p.reload(nil, text(next), true)
		serve("after a reload of "+what, "c")
	}
	p.reload(nil, text(cfg), true)
	must(t, ops.PgConn, "ready web/b")
	serve("after ready", "bc")
	p.signal(syscall.SIGTERM)
	p.exits(20*time.Second, 0)

	again := startProcess(t, nil, text(cfg))
	a = newAsker(t, again.addr(), 4)
	serve("after a restart", "abc")
}
