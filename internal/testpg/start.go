package testpg

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// TB is the part of testing.TB that Start uses. wye demo links this package,
// and package testing has no business in a server.
type TB interface {
	Helper()
	Name() string
	Failed() bool
	Cleanup(func())
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// bootTimeout allows for a template's first initdb on a busy machine.
const bootTimeout = 60 * time.Second

// Start boots a cluster for one test and closes it when the test ends. The
// logs of a failed test are kept, and the test's output says where. No
// PostgreSQL on this machine fails the test: a silent skip would be a lie.
func Start(t TB, o Options) *Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), bootTimeout)
	defer cancel()
	c, err := Boot(ctx, o)
	if err != nil {
		t.Fatalf("boot PostgreSQL: %v", err)
	}
	t.Cleanup(func() {
		t.Helper()
		if t.Failed() {
			if dir, err := c.keepLogs(t.Name()); err != nil {
				t.Logf("keep server logs: %v", err)
			} else {
				t.Logf("server logs kept in %s", dir)
			}
		}
		if err := c.Close(); err != nil {
			t.Logf("close cluster %s: %v", c.Name, err)
		}
	})
	return c
}

// keepLogs copies the servers' logs to where Close does not reach and a
// reboot does not erase. They go after a week.
func (c *Cluster) keepLogs(test string) (string, error) {
	den, err := openDen(tempDir())
	if err != nil {
		return "", err
	}
	flat := strings.NewReplacer("/", "_", " ", "_").Replace(test)
	dir := filepath.Join(den, logsPrefix+c.lair.token+"-"+flat)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	for _, n := range c.Nodes() {
		text, err := os.ReadFile(n.logPath)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(n.logPath)), text, 0o644); err != nil {
			return "", err
		}
	}
	return dir, nil
}
