package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy"
	"github.com/wyeproxy/wye/proxy/config"
)

// startProxy runs a proxy in this process, in front of the cluster, and
// returns it and the address of its first listener. text is the
// configuration; {server} and {db} in it stand for the cluster's primary and
// database.
func startProxy(t testing.TB, c *testpg.Cluster, text string) (*proxy.Server, string) {
	t.Helper()
	if c != nil { // pools need none
		text = strings.NewReplacer("{server}", c.Primary.Addr(), "{db}", c.Database).Replace(text)
	}
	file := filepath.Join(t.TempDir(), "wye.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	load := reloader(file)
	cfg, err := load()
	if err != nil {
		t.Fatal(err)
	}
	server, err := proxy.New(cfg, proxy.Options{Version: "test", Log: slog.New(slog.NewTextHandler(testLog{t}, nil)), Reload: func() (*config.Config, error) { return load() }})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server, server.Addrs()[0].String()
}

// testLog sends the proxy's log to the test's, which shows it on failure.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	if os.Getenv("WYE_TEST_LOG") != "" {
		fmt.Fprint(os.Stderr, string(b))
	}
	return len(b), nil
}
