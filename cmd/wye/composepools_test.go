package main

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// compose runs docker-compose on the stack, in whichever form is installed.
func (c *composed) compose(args ...string) {
	c.t.Helper()
	words := []string{"docker-compose"}
	if exec.Command("docker", "compose", "version").Run() == nil {
		words = []string{"docker", "compose"}
	}
	words = append(words, args...)
	cmd := exec.CommandContext(context.WithoutCancel(c.ctx), words[0], words[1:]...) // it brings back what the test has killed
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("%q: %v\n%s", words, err, out)
	}
}

// serves waits until SHOW POOL_SERVERS says of a server whether it is used.
func (c *composed) serves(server, want string) {
	c.t.Helper()
	ops := c.connect("ops", "pgbouncer")
	if err := pollUntil(c.ctx, server+" to have serving = "+want, func() (bool, error) {
		rows, err := run(ops, "SHOW POOL_SERVERS WHERE server = '"+server+"' AND serving = '"+want+"'")
		return len(rows) == 1, err
	}); err != nil {
		c.t.Fatal(err)
	}
}

// TestComposeWeb kills one of three web servers under requests: none fails, the
// others serve, and it comes back.
func TestComposeWeb(t *testing.T) {
	c := composedStack(t)
	addr := "127.0.0.1:" + cmp.Or(os.Getenv("WYE_WEB_PORT"), "8080")
	web := &webAsker{url: "http://" + addr, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: httpAskers}}}
	t.Cleanup(web.client.CloseIdleConnections)
	answer := func(want ...string) {
		t.Helper()
		who, _, err := web.many(c.ctx, "/", 300, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range want {
			if who[name] == 0 {
				t.Errorf("%s answered none of %v", name, who)
			}
			delete(who, name)
		}
		if len(who) > 0 {
			t.Errorf("answers of %v too", who)
		}
	}
	for _, s := range []string{"web-1", "web-2", "web-3"} {
		c.serves(s, "yes")
	}
	answer("web-1", "web-2", "web-3")

	load := steadyLoad(t, addr, 300)
	eventually(t, "requests before the kill", func() bool { return load.done.Load() > 300 })
	t.Cleanup(func() { c.compose("start", "web-2") })
	c.compose("kill", "web-2")
	at := load.done.Load()
	c.serves("web-2", "no")
	eventually(t, "requests after the kill", func() bool { return load.done.Load() > at+600 })
	answer("web-1", "web-3")
	c.compose("start", "web-2")
	c.serves("web-2", "yes")
	load.stop()
	if n := load.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, such as %v", n, load.done.Load(), load.example.Load())
	}
	t.Logf("%d requests, %d failed", load.done.Load(), load.failed.Load())
	answer("web-1", "web-2", "web-3")

	if _, marks, err := web.many(c.ctx, "/kept", 50, func(int) {}); err != nil || marks["HIT"] < 49-httpAskers {
		t.Errorf("a page that is kept: %v, %v", marks, err)
	}
}

// TestComposeStatus: the status page is for who has the token, from outside the
// container, and shows the pools.
func TestComposeStatus(t *testing.T) {
	c := composedStack(t)
	page := func(password string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(c.ctx, http.MethodGet, "http://127.0.0.1:"+cmp.Or(os.Getenv("WYE_HTTP_PORT"), "9630")+"/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("ops", password)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if code, _ := page("not it"); code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", code)
	}
	code, text := page(cmp.Or(os.Getenv("OPS_PASSWORD"), "ops"))
	for _, want := range []string{"<h2>http pool web</h2>", "<tr><td>web-3<td>web-3:8080<td>up", "<h2>tcp pool lines</h2>", "<tr><td>line-1<td>line-1:7070<td>up", "<tr><td>store<td>up"} {
		if code != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("status %d, and nothing of %s", code, want)
		}
	}
}

// TestComposeLines kills one of two TCP servers: who has a connection to the
// other keeps it, and new ones go there.
func TestComposeLines(t *testing.T) {
	c := composedStack(t)
	addr := "127.0.0.1:" + cmp.Or(os.Getenv("WYE_LINE_PORT"), "7070")
	c.serves("line-1", "yes")
	c.serves("line-2", "yes")
	staying := map[string]*lineClient{}
	for range 2 {
		lc, err := dialLines(c.ctx, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer lc.Close()
		who, err := lc.ask("hello")
		if err != nil {
			t.Fatal(err)
		}
		staying[who] = lc
	}
	if staying["line-1"] == nil || staying["line-2"] == nil {
		t.Fatalf("two connections went to %v", staying)
	}
	t.Cleanup(func() { c.compose("start", "line-1") })
	c.compose("kill", "line-1")
	who, err := askMany(c.ctx, addr, 100)
	if err != nil || who["line-2"] != 100 {
		t.Errorf("of 100 connections after the kill: %v, %v", who, err)
	}
	if who, err := staying["line-2"].ask("still there?"); err != nil || who != "line-2" {
		t.Errorf("the other's connection: %q, %v", who, err)
	}
	if _, err := staying["line-1"].ask("still there?"); err == nil {
		t.Error("a killed server answers")
	}
	c.compose("start", "line-1")
	c.serves("line-1", "yes")
	if who, err := askMany(c.ctx, addr, 20); err != nil || who["line-1"] == 0 {
		t.Errorf("after its start: %v, %v", who, err)
	}
}
