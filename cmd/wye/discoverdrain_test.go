package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// registry is where servers are listed, by name and address.
type registry interface {
	discover() string // what a pool says of it
	list(addr, name string)
	remove(name string)
}

// TestDiscoveredServersDrain takes a server off the list while it answers a
// request: that one ends as if nothing had happened, and no other goes there.
// Put back, it serves again.
func TestDiscoveredServersDrain(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) registry{"etcd": startEtcdRegistry, "consul": startConsulRegistry} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := start(t)
			servers := map[string]*halting{"a": newHalting(t, "a"), "b": newHalting(t, "b")}
			for name, s := range servers {
				list.list(s.addr, name)
			}
			p := startProcess(t, nil, "listeners: [{name: main, kind: http, bind: \"127.0.0.1:0\", pool: web}]\n"+
				"pools: {web: {kind: http, health: {interval: 100ms, timeout: 2s}, discover: "+list.discover()+"}}\n")
			serve := func(names string) func() bool {
				return func() bool {
					who := map[string]int{}
					for range 12 {
						name, err := newAsker(t, p.addr(), 1).ask("/")
						if err != nil {
							t.Fatal(err)
						}
						who[name]++
					}
					return len(who) == len(names) && who[names[:1]] > 0
				}
			}
			eventually(t, "both serve", serve("ab"))

			type answer struct {
				text string
				err  error
			}
			answered := make(chan answer, 1)
			go func() {
				text, err := newAsker(t, p.addr(), 1).ask("/slow")
				answered <- answer{text, err}
			}()
			var leaving, staying string
			select {
			case <-servers["a"].asked:
				leaving, staying = "a", "b"
			case <-servers["b"].asked:
				leaving, staying = "b", "a"
			case <-time.After(20 * time.Second):
				t.Fatal("the request reached nobody")
			}
			list.remove(leaving)
			eventually(t, "only "+staying+" serves", serve(staying))
			select {
			case a := <-answered:
				t.Errorf("the request under way ended early: %q, %v", a.text, a.err)
			default:
			}
			close(servers[leaving].goOn)
			if a := <-answered; a.err != nil || a.text != leaving+" began, "+leaving+" ended" {
				t.Errorf("the request that was under way: %q, %v", a.text, a.err)
			}
			list.list(servers[leaving].addr, leaving)
			eventually(t, "both serve again", serve("ab"))
		})
	}
}

// halting is a server of HTTP that stops in the middle of its answer to /slow.
type halting struct {
	addr        string
	asked, goOn chan struct{}
}

func newHalting(t *testing.T, name string) *halting {
	h := &halting{asked: make(chan struct{}, 1), goOn: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/slow" {
			_, _ = io.WriteString(w, name)
			return
		}
		_, _ = io.WriteString(w, name+" began, ")
		_ = http.NewResponseController(w).Flush()
		h.asked <- struct{}{}
		select {
		case <-h.goOn:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, name+" ended")
	}))
	t.Cleanup(s.Close)
	h.addr = s.Listener.Addr().String()
	return h
}

// etcdRegistry is a real etcd, asked by its JSON gateway.
type etcdRegistry struct {
	t   *testing.T
	url string
}

func startEtcdRegistry(t *testing.T) registry {
	var urls [2]string
	for i := range urls {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		urls[i] = "http://" + l.Addr().String()
		_ = l.Close()
	}
	cmd := exec.Command("etcd", "--data-dir", t.TempDir(), "--listen-client-urls", urls[0], "--advertise-client-urls", urls[0],
		"--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1], "--initial-cluster", "default="+urls[1], "--log-level", "fatal")
	if err := cmd.Start(); err != nil {
		t.Fatalf("etcd (Debian's etcd-server) does not start: %v", err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	e := &etcdRegistry{t, urls[0]}
	eventually(t, "etcd is healthy", func() bool {
		res, err := http.Get(e.url + "/health")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return e
}

func (e *etcdRegistry) discover() string {
	return fmt.Sprintf("{etcd: {urls: [%q], prefix: web/}}", e.url)
}
func (e *etcdRegistry) remove(name string)     { e.call("deleterange", "web/"+name, "") }
func (e *etcdRegistry) list(addr, name string) { e.call("put", "web/"+name, addr+" name="+name) }

func (e *etcdRegistry) call(verb, key, value string) {
	e.t.Helper()
	b64 := base64.StdEncoding.EncodeToString
	res, err := http.Post(e.url+"/v3/kv/"+verb, "application/json", strings.NewReader(fmt.Sprintf(`{"key": %q, "value": %q}`, b64([]byte(key)), b64([]byte(value)))))
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		e.t.Fatalf("%s: %s: %s", verb, res.Status, text)
	}
}

// consulRegistry answers as a Consul agent does, by the documentation of its
// blocking queries: no Consul is to be had from Debian.
type consulRegistry struct {
	url     string
	mu      sync.Mutex
	index   int
	servers map[string]string
	changed chan struct{} // closed and made anew by each change
}

func startConsulRegistry(t *testing.T) registry {
	c := &consulRegistry{index: 1, servers: map[string]string{}, changed: make(chan struct{})}
	s := httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	c.url = s.URL
	return c
}

func (c *consulRegistry) discover() string {
	return fmt.Sprintf("{consul: {url: %q, service: web}}", c.url)
}

func (c *consulRegistry) list(addr, name string) {
	c.change(func() { c.servers[name] = addr })
}

func (c *consulRegistry) remove(name string) {
	c.change(func() { delete(c.servers, name) })
}

func (c *consulRegistry) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.index++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *consulRegistry) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/health/service/web" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	c.mu.Lock()
	if r.URL.Query().Get("index") == strconv.Itoa(c.index) {
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-r.Context().Done():
		}
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	rows := []map[string]any{}
	for name, addr := range c.servers {
		host, port, _ := net.SplitHostPort(addr)
		n, _ := strconv.Atoi(port)
		rows = append(rows, map[string]any{"Node": map[string]any{"Address": host}, "Service": map[string]any{"ID": name, "Address": host, "Port": n}})
	}
	w.Header().Set("X-Consul-Index", strconv.Itoa(c.index))
	_ = json.NewEncoder(w).Encode(rows)
}
