package web

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// pooled is a proxy with pools of TCP and HTTP beside its databases.
type pooled struct{ proxy }

func (p pooled) Snapshot() *stats.Snapshot {
	s := p.proxy.Snapshot()
	s.Time = s.Process.Start.Add(50 * time.Hour)
	took := stats.Histogram{}
	for range 100 {
		took.Observe(2 * time.Millisecond)
	}
	s.PoolServers = []stats.PoolServerRow{
		{Pool: "web", Kind: "http", Server: "w1", Addr: "10.0.0.1:80", State: "up", Serving: true, Why: "status 200", Since: s.Time.Add(-3 * time.Hour),
			Active: 3, Limit: 9, Rate: 12.34, Picks: 900, Took: took, Breaker: "closed"},
		{Pool: "web", Kind: "http", Server: "w2", Addr: "10.0.0.2:80", State: "down", Why: "<script>alert(1)</script>", Since: s.Time.Add(-90 * time.Second),
			Rate: 0.06, FailRate: 0.06, Picks: 7, Failures: 6, Breaker: "half-open"},
		{Pool: "redis", Kind: "tcp", Server: "r1", Addr: "10.0.1.1:6379", State: "maint", Since: s.Time.Add(-5 * time.Minute)},
	}
	s.PoolQueues = []stats.PoolQueueRow{
		{Pool: "web", Balance: "round-robin", Waiting: 4, Full: 2, Late: 1}, {Pool: "redis", Balance: "least-busy"}, {Pool: "empty", Balance: "first"},
	}
	s.HTTPCaches = []stats.HTTPCacheRow{{Listener: "front", Route: "static", Hits: 41, Misses: 3, Entries: 2, Bytes: 4096}}
	return s
}

var tag = regexp.MustCompile("<[^>]*>")

// lines are the page's as they are read: cells by " | ".
func lines(page string) (all []string) {
	for line := range strings.Lines(page) {
		text := strings.NewReplacer("<td", " | <td", "<th", " | <th").Replace(line)
		text = strings.TrimPrefix(strings.TrimSpace(html.UnescapeString(tag.ReplaceAllString(text, ""))), "| ")
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// TestStatus has all that the page says of databases and pools.
func TestStatus(t *testing.T) {
	w := get(New(pooled{}, Options{}), here, "/status")
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d, %v", w.Code, w.Header())
	}
	page := w.Body.String()
	if strings.Contains(page, "<script>") {
		t.Error("a server's words are markup")
	}
	_, text, _ := strings.Cut(strings.Join(lines(page), "\n"), "}\n.bad")
	_, text, _ = strings.Cut(text, "\n")
	const want = `wye 0.3.1, up 2 d. metrics
Databases
database | state | clients | waiting | server conns active | idle | queries/s | average ms
shop | paused | 0 | 4 | 2 | 3 | 0 | -
PostgreSQL servers
cluster | server | role | state | why | for | active | reads | failures
shop | a:5432 | primary | up |  | - | 0 | 0 | 0
shop | b:5432 | replica | ejected |  | - | 2 | 8 | 3
shop | unix:/run/"pg" |  | down |  | - | 0 | 0 | 0
pool empty
first; 0 of 0 servers used; 0 active; 0 waiting, 0 turned away; 0.0/s, 0.0 errors/s; p95 -
server | address | state | why | for | active | per second | errors/s | p95 | chosen | errors
tcp pool redis
least-busy; 0 of 1 servers used; 0 active; 0 waiting, 0 turned away; 0.0/s, 0.0 errors/s; p95 -
server | address | state | why | for | active | per second | errors/s | p95 | chosen | errors
r1 | 10.0.1.1:6379 | maint |  | 5 min | 0 | 0.0 | 0.0 | - | 0 | 0
http pool web
round-robin; 1 of 2 servers used; 3 active; 4 waiting, 3 turned away; 12.4/s, 0.1 errors/s; p95 2.4 ms
server | address | state | why | for | active | per second | errors/s | p95 | chosen | errors
w1 | 10.0.0.1:80 | up | status 200 | 3 h | 3 of 9 | 12.3 | 0.0 | 2.4 ms | 900 | 0
w2 | 10.0.0.2:80 | down, breaker half-open | <script>alert(1)</script> | 90 s | 0 | 0.1 | 0.1 | - | 7 | 6
HTTP answers from memory
listener | route | from memory | asked of servers | kept | bytes
front | static | 41 | 3 | 2 | 4096
Listeners
listener | kind | address | clients | accepted
pg |  |  | 0 | 9`
	if text != want {
		t.Errorf("the page says:\n%s", text)
	}
}
