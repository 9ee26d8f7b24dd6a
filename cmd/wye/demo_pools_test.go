package main

import (
	"fmt"
	"testing"
	"time"
)

// TestTourPools runs the steps of the tour that need no PostgreSQL.
func TestTourPools(t *testing.T) {
	t.Parallel()
	r := &rig{}
	for kind, servers := range map[string]*[]*demoServer{"line": &r.lines, "web": &r.webs} {
		started, err := startDemoServers(kind)
		t.Cleanup(func() {
			for _, s := range started {
				s.kill()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		*servers = started
	}
	r.server, _ = startProxy(t, nil, fmt.Sprintf(`
listeners:
  - {name: main, bind: "127.0.0.1:0"}
  - {name: lines, kind: tcp, bind: "127.0.0.1:0", pool: lines}
  - {name: web, kind: http, bind: "127.0.0.1:0", pool: web, routes: {kept: {path: /kept, pool: web, cache: {ttl: 1m}}}}
pools:
  lines: {servers: %s, health: {timeout: 10s}}
  web: {kind: http, servers: %s, health: {timeout: 10s}}
`, addrs(r.lines), addrs(r.webs)))
	f, err := tourTCP(soon(t, 30*time.Second), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(f.text)
	if f.figures["lost"] != tcpStaying/3 {
		t.Errorf("%v", f.figures)
	}
	if f, err = tourHTTP(soon(t, 30*time.Second), r); err != nil {
		t.Fatal(err)
	}
	t.Log(f.text)
	if f.figures["hits"] != httpKept-1 {
		t.Errorf("%v", f.figures)
	}
}
