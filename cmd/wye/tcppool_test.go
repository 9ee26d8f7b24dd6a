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
	c, err := net.DialTimeout("tcp", addr, generous)
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

const poolConsole = `
users: [{name: ops, password: ops}]
admin: {console: {admins: [ops]}, http: {bind: "127.0.0.1:0"}}
`

// withConsole adds a listener for the operator's console, of the name ops.
func withConsole(cfg string) string {
	return strings.Replace(cfg, "listeners: [", "listeners: [{name: ops, bind: \"127.0.0.1:0\"}, ", 1) + poolConsole
}

// An operator takes servers out and back, by the console and by commands, and
// sees what that did.
func TestTCPPoolOrders(t *testing.T) {
	_, cfg := tcpPool(t, "balance: first", "timeouts: {drain: 1h}")
	p := startProcess(t, nil, withConsole(cfg))
	ops := openConsole(t, p.addrs["ops"], "ops")
	wants := func(order, server, state, next string) {
		t.Helper()
		must(t, ops.PgConn, order+" lines/"+server)
		row := ops.show("pool_servers where server = '" + server + "'")[0]
		if row["state"] != state || row["serving"] != yesIf(state == "up") {
			t.Errorf("%s: %v", order, row)
		}
		if who, err := askLine(p.addr(), "hello"); err != nil || who != next {
			t.Errorf("after %s %s: %q answers, %v", order, server, who, err)
		}
	}
	old, err := talk(p.addr())
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if who, err := old.say("first"); err != nil || who != "a" {
		t.Fatal(who, err)
	}
	wants("drain", "a", "draining", "b")
	if who, err := old.say("still"); err != nil || who != "a" {
		t.Errorf("a drained server's connection: %q, %v", who, err)
	}
	wants("maint", "b", "maint", "c")
	wants("maint", "a", "maint", "c")
	if _, err := old.say("gone?"); err == nil {
		t.Error("a connection outlived maintenance")
	}
	p.reload(nil, withConsole(cfg), true) // what an operator wants is no setting
	wants("ready", "b", "up", "b")

	url := dsnOf(p.addrs["ops"], "ops", "pgbouncer")
	var out, errs strings.Builder
	if code := dispatch([]string{"ready", "--console", url, "lines/a"}, &out, &errs); code != exitOK {
		t.Errorf("wye ready: %d, %s", code, errs.String())
	}
	if who, err := askLine(p.addr(), "hello"); err != nil || who != "a" {
		t.Errorf("after wye ready: %q, %v", who, err)
	}
	if code := dispatch([]string{"drain", "--console", url, "lines/x"}, &out, &errs); code != exitFailed || !strings.Contains(errs.String(), `pool "lines" has no server "x"`) {
		t.Errorf("wye drain of nobody: %d, %s", code, errs.String())
	}
	if code := dispatch([]string{"drain", "lines"}, &out, &errs); code != exitUsage {
		t.Errorf("wye drain of no server: %d", code)
	}
	metrics := scrape(t, p.addrs["admin.http"])
	for sample, want := range map[string]float64{
		`wye_pool_server_up{pool="lines",server="a"}`: 1, `wye_pool_server_state{pool="lines",server="b",state="up"}`: 1,
		`wye_pool_server_state{pool="lines",server="b",state="maint"}`: 0, `wye_pool_server_failures_total{pool="lines",server="a"}`: 0,
	} {
		if got, ok := metrics[sample]; !ok || got != want {
			t.Errorf("%s is %v, want %v", sample, got, want)
		}
	}
	if n := metrics[`wye_pool_server_picks_total{pool="lines",server="c"}`]; n < 2 {
		t.Errorf("c was picked %v times", n)
	}
	eventually(t, "bytes are counted", func() bool {
		return scrape(t, p.addrs["admin.http"])[`wye_pool_server_bytes_total{pool="lines",server="c"}`] >= 2*float64(len("hello\nc hello\n"))
	})
}

func yesIf(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
