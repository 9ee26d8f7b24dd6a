package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
)

// tcpPool is three servers of their own, and the configuration of a pool of
// them behind the listener main.
func tcpPool(t testing.TB, extra ...string) ([]*lineserver.Process, string) {
	t.Helper()
	servers := []*lineserver.Process{lineserver.Start(t, "a"), lineserver.Start(t, "b"), lineserver.Start(t, "c")}
	return servers, tcpConfig(servers, extra...)
}

func tcpConfig(servers []*lineserver.Process, extra ...string) string {
	var list []string
	for _, s := range servers {
		list = append(list, fmt.Sprintf("{addr: %q, name: %s}", s.Addr, s.Name))
	}
	return "listeners: [{name: main, kind: tcp, bind: \"127.0.0.1:0\", pool: lines}]\n" +
		"pools:\n  lines:\n    kind: tcp\n    servers: [" + strings.Join(list, ", ") + "]\n" +
		"    health: {interval: 100ms, timeout: 2s}\n    " + strings.Join(extra, "\n    ") + "\n"
}

// talker is a client that says lines.
type talker struct {
	net.Conn
	in *bufio.Reader
}

func talk(addr string) (*talker, error) {
	c, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return &talker{c, bufio.NewReader(c)}, nil
}

// say says a line and returns who answered.
func (c *talker) say(line string) (string, error) {
	if _, err := c.Write([]byte(line + "\n")); err != nil {
		return "", err
	}
	answer, err := c.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	who, what, _ := strings.Cut(strings.TrimSuffix(answer, "\n"), " ")
	if what != line {
		return who, fmt.Errorf("said %q, heard %q", line, what)
	}
	return who, nil
}

// askLine says one line on a connection of its own.
func askLine(addr, line string) (string, error) {
	c, err := talk(addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.say(line)
}

func TestTCPPoolSurvivesAServer(t *testing.T) {
	servers, cfg := tcpPool(t)
	p := startProcess(t, nil, cfg)

	count := map[string]int{}
	var open []*talker
	for i := range 9 {
		c, err := talk(p.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		who, err := c.say(fmt.Sprint("line ", i))
		if err != nil {
			t.Fatal(err)
		}
		count[who]++
		open = append(open, c)
	}
	if count["a"] != 3 || count["b"] != 3 || count["c"] != 3 {
		t.Errorf("nine connections went to %v", count)
	}

	servers[1].Kill()
	lost := 0
	for _, c := range open {
		if _, err := c.say("still there"); err != nil {
			lost++
		}
	}
	if lost != 3 {
		t.Errorf("%d connections were lost, three were to b", lost)
	}
	for i := range 50 {
		if who, err := askLine(p.addr(), "again"); err != nil || who == "b" {
			t.Fatalf("connection %d after b was killed: %q %v", i, who, err)
		}
	}
	servers[1].Restart()
	eventually(t, "b is back", func() bool {
		who, err := askLine(p.addr(), "back")
		return err == nil && who == "b"
	})
}
