package testpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTB is a test that Start runs in; it records instead of failing.
type fakeTB struct {
	failed   bool
	said     []string
	cleanups []func()
}

func (f *fakeTB) Helper()                      {}
func (f *fakeTB) Name() string                 { return "TestA/b c" }
func (f *fakeTB) Failed() bool                 { return f.failed }
func (f *fakeTB) Cleanup(do func())            { f.cleanups = append(f.cleanups, do) }
func (f *fakeTB) Logf(format string, a ...any) { f.said = append(f.said, fmt.Sprintf(format, a...)) }
func (f *fakeTB) Fatalf(format string, a ...any) {
	f.Logf(format, a...)
	panic(f) // as the real one does not return
}

func TestFailedTestKeepsItsLogs(t *testing.T) {
	f := &fakeTB{failed: true}
	c := Start(f, Options{Name: "s0", Replicas: 1})
	f.cleanups[0]()
	assertGone(t, c.lair.dir)
	if len(f.said) != 1 || !strings.HasPrefix(f.said[0], "server logs kept in ") {
		t.Fatalf("the test was told %q", f.said)
	}
	dir := strings.TrimPrefix(f.said[0], "server logs kept in ")
	defer os.RemoveAll(dir)
	for _, name := range []string{"s0-primary.log", "s0-r1.log"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), "ready to accept") {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestMissingPostgresFailsTheTest(t *testing.T) {
	t.Setenv(BinVariable, t.TempDir())
	f := &fakeTB{}
	defer func() {
		if recover() != f || len(f.said) != 1 || !strings.Contains(f.said[0], "apt-get install postgresql") {
			t.Errorf("the test was told %q", f.said)
		}
	}()
	Start(f, Options{})
}

func TestServerThatDoesNotComeUpShowsItsLog(t *testing.T) {
	_, err := Boot(testContext(t), Options{Settings: map[string]string{"no_such_setting": "1"}})
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") || !strings.Contains(err.Error(), "exited") {
		t.Errorf("got %v", err)
	}
}

func TestLedgerCountsBoots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	t.Setenv(LedgerVariable, path)
	c := Start(t, Options{Name: "counted"})
	text, err := os.ReadFile(path)
	if want := c.Version + " counted\n"; err != nil || string(text) != want {
		t.Errorf("the ledger reads %q, %v; want %q", text, err, want)
	}
}
