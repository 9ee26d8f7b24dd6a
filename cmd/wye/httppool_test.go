package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
)

// httpPool is three servers of HTTP, and the configuration of a pool of them
// behind the listener main.
func httpPool(t testing.TB, more string) ([]*lineserver.Process, string) {
	t.Helper()
	servers := []*lineserver.Process{lineserver.StartHTTP(t, "a"), lineserver.StartHTTP(t, "b"), lineserver.StartHTTP(t, "c")}
	return servers, httpConfig(servers, more)
}

func httpConfig(servers []*lineserver.Process, more string) string {
	var list []string
	for _, s := range servers {
		list = append(list, fmt.Sprintf("{addr: %q, name: %s}", s.Addr, s.Name))
	}
	return "admin: {http: {bind: \"127.0.0.1:0\"}}\n" +
		"listeners: [{name: main, kind: http, bind: \"127.0.0.1:0\", pool: web" + more + "}]\n" +
		"pools:\n  web:\n    kind: http\n    servers: [" + strings.Join(list, ", ") + "]\n" +
		"    balance: round-robin\n    health: {interval: 500ms, timeout: 2s, http: {path: /health}}\n"
}

// asker asks an http listener, on conns that it keeps.
type asker struct {
	addr   string
	client *http.Client
}

func newAsker(t testing.TB, addr string, conns int) *asker {
	tr := &http.Transport{MaxIdleConnsPerHost: conns}
	t.Cleanup(tr.CloseIdleConnections)
	return &asker{addr, &http.Client{Transport: tr, Timeout: 20 * time.Second}}
}

// ask asks for a path and returns who answered.
func (a *asker) ask(path string) (string, error) {
	res, err := a.client.Get("http://" + a.addr + path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != 200 {
		err = fmt.Errorf("%s: %s", res.Status, b)
	}
	return string(b), err
}

// hostState is the state of a server as wye shows it.
func hostState(t *testing.T, p *process, server string) string {
	t.Helper()
	_, body := fetch(t, p.addrs["admin.http"], "/api/pool_servers")
	var rows []map[string]any
	if err := json.Unmarshal([]byte(body), &rows); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	for _, r := range rows {
		if r["server"] == server {
			return fmt.Sprint(r["state"])
		}
	}
	t.Fatalf("no server %s in %s", server, body)
	return ""
}

// steady asks at a rate, whatever becomes of the answers, until it is stopped.
type steady struct {
	asker
	done, failed atomic.Int64
	example      atomic.Value
	quit         chan struct{}
	asking       sync.WaitGroup
	once         sync.Once
}

func steadyLoad(t testing.TB, addr string, rate int) *steady {
	l := &steady{asker: *newAsker(t, addr, 64), quit: make(chan struct{})}
	const askers = 32
	for i := range askers {
		l.asking.Go(func() {
			tick := time.NewTicker(time.Second * askers / time.Duration(rate))
			defer tick.Stop()
			for {
				select {
				case <-l.quit:
					return
				case <-tick.C:
				}
				if _, err := l.ask(fmt.Sprint("/", i)); err != nil {
					l.failed.Add(1)
					l.example.Store(err)
				}
				l.done.Add(1)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *steady) stop() {
	l.once.Do(func() { close(l.quit) })
	l.asking.Wait()
}

// TestDrillHTTPKills kills one of three servers under a steady load of GETs:
// none of them fails, and the server is out of rotation within 1.5 s of its
// death, each time, if the machine has nothing else to do.
func TestDrillHTTPKills(t *testing.T) {
	t.Parallel()
	servers, cfg := httpPool(t, "")
	p := startProcess(t, nil, cfg)
	load := steadyLoad(t, p.addr(), 1000)
	limit := prompt
	if figures("WYE_DRILL_HTTP_KILLS") {
		limit = 1500 * time.Millisecond
	}
	for i := range envInt("WYE_DRILL_HTTP_KILLS", 3) {
		s := servers[i%3]
		for _, up := range servers { // one of three, and not the last one that is left
			eventually(t, up.Name+" is up", func() bool { return hostState(t, p, up.Name) == "up" })
		}
		before := load.done.Load()
		eventually(t, "requests", func() bool { return load.done.Load() > before+200 })
		s.Kill()
		killed := time.Now()
		eventually(t, s.Name+" is out", func() bool { return hostState(t, p, s.Name) != "up" })
		if took := time.Since(killed); took > limit {
			t.Errorf("kill %d: %s is in rotation for %v after its death", i, s.Name, took)
		}
		s.Restart()
	}
	load.stop()
	if n := load.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, such as %v", n, load.done.Load(), load.example.Load())
	}
	t.Logf("%d requests, %d failed", load.done.Load(), load.failed.Load())
}

// TestDrillHTTPReloads reloads under load, with other servers and routes each
// time: no request fails.
func TestDrillHTTPReloads(t *testing.T) {
	servers, cfg := httpPool(t, "")
	p := startProcess(t, nil, cfg)
	load := steadyLoad(t, p.addr(), 1000)
	for i := range envInt("WYE_DRILL_HTTP_RELOADS", 20) {
		next := httpConfig(servers, "")
		if i%2 == 0 {
			next = httpConfig(servers[:2], ", routes: {odd: {path: /1, pool: web, sticky: {}}}")
		}
		p.reload(nil, next, true)
	}
	load.stop()
	if n := load.failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed, such as %v", n, load.done.Load(), load.example.Load())
	}
	t.Logf("%d requests, %d failed", load.done.Load(), load.failed.Load())
}

// TestHTTPDrain: requests are counted, and SIGTERM closes a conn that is idle.
func TestHTTPDrain(t *testing.T) {
	_, cfg := httpPool(t, ", http: {access_log: "+t.TempDir()+"/access.log, access_format: combined}")
	p := startProcess(t, nil, cfg)
	a := newAsker(t, p.addr(), 8)
	if _, err := a.ask("/"); err != nil {
		t.Fatal(err)
	}
	_, metrics := fetch(t, p.addrs["admin.http"], "/metrics")
	for _, want := range []string{
		`wye_http_requests_total{listener="main",class="2xx"} 1`, `wye_http_request_seconds_count{pool="web"} 1`,
		`wye_http_malformed_total{listener="main"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics does not say %s", want)
		}
	}
	p.signal(syscall.SIGTERM)
	p.exits(20*time.Second, 0)
}
