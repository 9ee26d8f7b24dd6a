package main

import (
	"net/http"
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
