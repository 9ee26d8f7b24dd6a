package main

import (
	"fmt"
	"testing"
	"time"
)

// TestTourTCP runs the step of the tour alone: it needs no PostgreSQL.
func TestTourTCP(t *testing.T) {
	lines, err := startLineServers()
	t.Cleanup(func() {
		for _, s := range lines {
			s.kill()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	server, _ := startProxy(t, nil, fmt.Sprintf(`
listeners: [{name: main, bind: "127.0.0.1:0"}, {name: lines, kind: tcp, bind: "127.0.0.1:0", pool: lines}]
pools: {lines: {servers: [%q, %q, %q], health: {timeout: 10s}}}
`, lines[0].addr, lines[1].addr, lines[2].addr))
	f, err := tourTCP(soon(t, 30*time.Second), &rig{server: server, lines: lines})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(f.text)
	if f.figures["lost"] != tcpStaying/3 {
		t.Errorf("%v", f.figures)
	}
}
