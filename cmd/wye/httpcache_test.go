package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestHTTPCache keeps the answers of one route: they are given again when all
// servers are gone, until somebody writes; a reload that changes the route
// drops them, and one that does not keeps them.
func TestHTTPCache(t *testing.T) {
	servers, cfg := httpPool(t, ", routes: {kept: {path: /kept, pool: web, cache: {ttl: 1h}}}")
	p := startProcess(t, nil, cfg)
	get := func(method, path string) (status int, mark string) {
		t.Helper()
		req, err := http.NewRequest(method, "http://"+p.addr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode, res.Header.Get("X-Cache")
	}
	expect := func(what, method, path string, status int, mark string) {
		t.Helper()
		if s, m := get(method, path); s != status || m != mark {
			t.Errorf("%s: %d %q, want %d %q", what, s, m, status, mark)
		}
	}
	expect("first", "GET", "/kept", 200, "MISS")
	expect("again", "GET", "/kept", 200, "HIT")
	expect("another route", "GET", "/other", 200, "")
	p.reload(nil, cfg, true)
	expect("after a reload of the same", "GET", "/kept", 200, "HIT")
	expect("a write", "POST", "/kept", 200, "BYPASS")
	expect("after a write", "GET", "/kept", 200, "MISS")
	p.reload(nil, strings.Replace(cfg, "ttl: 1h", "ttl: 2h", 1), true)
	expect("after a reload of another", "GET", "/kept", 200, "MISS")
	for _, s := range servers {
		s.Kill()
	}
	expect("without servers", "GET", "/kept", 200, "HIT")
	if s, _ := get("GET", "/other"); s < 500 {
		t.Errorf("without servers and without a cache: %d", s)
	}
}

// TestHTTPCachePurge has an operator forget what is kept: of a route, of a host,
// under a URL, and all of it; what is not meant stays.
func TestHTTPCachePurge(t *testing.T) {
	t.Parallel()
	_, cfg := httpPool(t, ", routes: {img: {path: /img, pool: web, cache: {ttl: 1h}}, doc: {path: /doc, pool: web, cache: {ttl: 1h}}}")
	p := startProcess(t, nil, strings.Replace(withConsole(cfg), "admin: {http: {bind: \"127.0.0.1:0\"}}\n", "", 1))
	ops := openConsole(t, p.addrs["ops"], "ops")
	mark := func(host, path string) string {
		t.Helper()
		req, err := http.NewRequest("GET", "http://"+p.addr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.Header.Get("X-Cache")
	}
	pages := []struct{ host, path string }{
		{"a.example", "/img/1"}, {"a.example", "/img/2"}, {"a.example", "/doc/1"}, {"b.example:8080", "/img/1"}, {"b.example:8080", "/doc/1"},
	}
	for _, tc := range []struct {
		order string
		rows  string // listener, route and entries of each
		gone  string // of each page: m is asked for again, h is there still
	}{
		{"ROUTE img", "main img 3", "mmhmh"},
		{"ROUTE main/doc", "main doc 2", "hhmhm"},
		{"HOST a.example", "main doc 1, main img 2", "mmmhh"},
		{"HOST b.example", "main doc 1, main img 1", "hhhmm"},
		{"HOST c.example", "main doc 0, main img 0", "hhhhh"},
		{"URL 'http://A.example:80/img'", "main doc 0, main img 2", "mmhhh"},
		{"URL 'http://b.example:8080'", "main doc 1, main img 1", "hhhmm"},
		{"", "main doc 2, main img 3", "mmmmm"},
	} {
		for _, pg := range pages {
			eventually(t, pg.path+" is kept", func() bool { return mark(pg.host, pg.path) == "HIT" })
		}
		kept := ops.show("http_cache")[0]["listener_bytes"]
		rows, err := run(ops.PgConn, "PURGE HTTP_CACHE "+tc.order)
		if err != nil {
			t.Fatalf("%s: %v", tc.order, err)
		}
		var said []string
		bytes := 0
		for _, r := range rows {
			said = append(said, strings.Join(r[:3], " "))
			n, err := strconv.Atoi(r[3])
			if err != nil {
				t.Fatal(err)
			}
			bytes += n
		}
		if got := strings.Join(said, ", "); got != tc.rows {
			t.Errorf("%s freed %s, want %s", tc.order, got, tc.rows)
		}
		eventually(t, "what was freed is not counted any more", func() bool { // nor what was being sent
			return strconv.Itoa(bytes) == diff(t, kept, ops.show("http_cache")[0]["listener_bytes"])
		})
		if bytes == 0 != strings.HasPrefix(tc.order, "HOST c.") {
			t.Errorf("%s: %d bytes freed", tc.order, bytes)
		}
		var gone strings.Builder
		for _, pg := range pages {
			gone.WriteString(strings.ToLower(mark(pg.host, pg.path)[:1]))
		}
		if gone.String() != tc.gone {
			t.Errorf("after %s: %s, want %s", tc.order, &gone, tc.gone)
		}
	}
	if _, err := run(ops.PgConn, "PURGE HTTP_CACHE ROUTE imgs"); sqlState(err) != "42704" {
		t.Errorf("a route that is not there: %v", err)
	}
}

func diff(t *testing.T, a, b string) string {
	t.Helper()
	m, err1 := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(m - n)
}
