package main

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/wyeproxy/wye/internal/canceltest"
	"github.com/wyeproxy/wye/internal/leakcheck"
	"github.com/wyeproxy/wye/internal/testpg"
)

const leakConfig = `
users: [{name: leak, password: leak-secret}]
listeners: [{name: main, bind: "127.0.0.1:0"}]
clusters:
  leak_a: {nodes: ["{server}"], backend: {tls: {mode: disable}}, pool: {size: 4, queue_timeout: 1m}}
`

// TestLeaks runs random session steps through wye, over 4 server conns, and
// on private connections, and compares every answer. WYE_LEAK_STEPS sets
// their number: 100000 for the full run.
func TestLeaks(t *testing.T) {
	t.Parallel()
	c := testpg.Start(t, testpg.Options{Name: "leak"})
	if err := leakcheck.Prepare(t.Context(), c.Primary.SuperuserURL("postgres"), 24); err != nil {
		t.Fatal(err)
	}
	_, addr := startProxy(t, c, leakConfig)
	r, err := leakcheck.Run(t.Context(), leakcheck.Options{
		Pooled: leakcheck.URL(addr, leakcheck.Pooled), Private: leakcheck.URL(c.Primary.Addr(), leakcheck.Private),
		Steps: envInt("WYE_LEAK_STEPS", leakSteps), Seed: uint64(envInt("WYE_LEAK_SEED", 1)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	for _, d := range r.Differences {
		t.Error(d)
	}
}

const cancelConfig = `
users: [{name: app, password: app}]
listeners: [{name: main, bind: "127.0.0.1:0"}]
clusters:
  app: {nodes: ["{server}"], backend: {tls: {mode: disable}}, pool: {size: 8}}
`

// TestCancels fires racing cancel requests; none may hit another client.
// WYE_CANCELS sets their number: 10000 for the full run.
func TestCancels(t *testing.T) {
	t.Parallel()
	c := testpg.Start(t, testpg.Options{Name: "cancel"})
	_, addr := startProxy(t, c, cancelConfig)
	r, err := canceltest.Run(context.Background(), canceltest.Options{
		URL: "postgres://app:app@" + addr + "/app?sslmode=disable", Cancels: envInt("WYE_CANCELS", 2_000), Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if r.Bad() != 0 || r.Hits == 0 {
		t.Errorf("%d statements were done wrong, %d hit: %v", r.Bad(), r.Hits, r.Examples)
	}
}

func envInt(name string, fallback int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return fallback
}
