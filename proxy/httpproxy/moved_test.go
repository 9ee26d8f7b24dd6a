package httpproxy

import (
	"net/http"
	"strings"
	"testing"
)

// TestBytesAreCounted: what balances by bandwidth, and the console, learn of
// bodies both ways.
func TestBytesAreCounted(t *testing.T) {
	p := poolOf(t, origin(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat("x", 70_000))) }))
	_, addr := start(t, all(p))
	if _, body := ask(t, request(t, "POST", addr, "/", strings.Repeat("y", 5_000))); len(body) != 70_000 {
		t.Fatalf("%d bytes came", len(body))
	}
	if n := p.View(p.Now())[0].Bytes; n != 75_000 {
		t.Errorf("%d bytes were counted, 75000 passed", n)
	}
}

// TestReloadKeepsConns: settings that have not changed cost no connection.
func TestReloadKeepsConns(t *testing.T) {
	p := poolOf(t, named(t, "a"))
	before := p.line.Load()
	p.Use(PoolSettings{})
	if p.line.Load() != before {
		t.Error("the same settings began anew")
	}
	p.Use(PoolSettings{MaxIdle: 7})
	if p.line.Load() == before {
		t.Error("other settings did not")
	}
}
