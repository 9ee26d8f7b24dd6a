package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/lineserver"
)

// TestDiscoveredServers has a pool's servers come and go in a file: nobody's
// connection is cut, nobody is led to who is not listed or not well.
func TestDiscoveredServers(t *testing.T) {
	t.Parallel()
	servers := []*lineserver.Process{lineserver.Start(t, "a"), lineserver.Start(t, "b"), lineserver.Start(t, "c")}
	path := filepath.Join(t.TempDir(), "servers")
	list := func(servers ...*lineserver.Process) {
		var text strings.Builder
		for _, s := range servers {
			fmt.Fprintf(&text, "%s name=%s\n", s.Addr, s.Name)
		}
		if err := os.WriteFile(path+".new", []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	list(servers[0])
	p := startProcess(t, nil, fmt.Sprintf("listeners: [{name: main, kind: tcp, bind: \"127.0.0.1:0\", pool: lines}]\n"+
		"pools:\n  lines: {discover: {file: %q}, health: {interval: 100ms, timeout: 2s}}\n", path))
	heard := func() map[string]bool {
		who := map[string]bool{}
		for range 6 {
			name, err := askLine(p.addr(), "hello")
			if err != nil {
				t.Fatal(err)
			}
			who[name] = true
		}
		return who
	}
	are := func(names string) func() bool {
		return func() bool {
			who := heard()
			for _, n := range names {
				if !who[string(n)] {
					return false
				}
			}
			return len(who) == len(names)
		}
	}
	// The start waits for the first list: the very first client is served.
	if who := heard(); len(who) != 1 || !who["a"] {
		t.Fatalf("only a is listed, and %v answered", who)
	}
	old, err := talk(p.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := old.say("first"); err != nil {
		t.Fatal(err)
	}
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := &lineserver.Process{Name: "d", Addr: dead.Addr().String()}
	_ = dead.Close()

	list(servers[1], servers[2], nobody)
	eventually(t, "b and c serve, a no more, d never", are("bc"))
	if who, err := old.say("still"); err != nil || who != "a" {
		t.Errorf("a connection to a server that is not listed any more: %q, %v", who, err)
	}
	list()
	eventually(t, "the log says that the list is empty", func() bool { return strings.Contains(p.logged(), "it lists no servers") })
	if !are("bc")() {
		t.Error("an empty list took servers away")
	}
}
