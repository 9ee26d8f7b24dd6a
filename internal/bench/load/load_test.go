//go:build linux

package load_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/bench/fakepg"
	"github.com/wyeproxy/wye/internal/bench/load"
)

func start(t *testing.T) load.Target {
	t.Helper()
	s, err := fakepg.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if n := s.Unknown(); n > 0 {
			t.Errorf("the canned server did not know %d messages", n)
		}
	})
	return load.Target{Addr: s.Addr(fakepg.Primary), User: "u", Database: "d"}
}

func shot(t *testing.T, target load.Target, grace time.Duration, p load.Protocol, statements ...string) (load.Result, error) {
	t.Helper()
	script, err := load.NewScript(1, statements...)
	if err != nil {
		t.Fatal(err)
	}
	calls := ""
	r, err := load.Run(t.Context(), load.Shot{
		Target: target, Script: script, Protocol: p, Clients: 5, Warm: 10 * time.Millisecond, Time: 100 * time.Millisecond,
		Grace: grace, Begin: func() { calls += "b" }, End: func() { calls += "e" },
	})
	if err == nil && calls != "be" {
		t.Errorf("Begin and End were called as %q", calls)
	}
	return r, err
}

func TestRun(t *testing.T) {
	target := start(t)
	for _, c := range []struct {
		protocol   load.Protocol
		statements []string
	}{
		{load.Simple, []string{"SELECT :aid"}},
		{load.Extended, []string{"SELECT :aid"}},
		{load.Prepared, []string{"SELECT :aid", "SELECT :bid"}},
		{load.Simple, []string{"BEGIN", "SELECT :aid + :delta", "END"}},
		{load.Simple, []string{"SELECT canned(200000)"}},
	} {
		r, err := shot(t, target, 0, c.protocol, c.statements...)
		for try := 0; err == nil && r.Transactions == 0 && try < 20; try++ { // a machine may be away for as long as a shot
			r, err = shot(t, target, 0, c.protocol, c.statements...)
		}
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		if r.Transactions < 1 || len(r.Latencies) != r.Transactions || r.Errors > 0 || r.Stalled > 0 || r.Elapsed < 100*time.Millisecond {
			t.Errorf("%v: %+v", c, r)
		}
	}
}

// impostor lets clients in and answers their first message with script, then
// with nothing.
func impostor(t *testing.T, script string, hangUp bool) load.Target {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				b := make([]byte, 1000)
				_, _ = c.Read(b)
				_, _ = c.Write([]byte("R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I"))
				_, _ = c.Read(b)
				_, _ = c.Write([]byte(script))
				if hangUp {
					c.Close()
				}
			}()
		}
	}()
	return load.Target{Addr: l.Addr().String(), User: "u", Database: "d"}
}

const wrong = "E\x00\x00\x00\x1aSERROR\x00C42601\x00Mwrong\x00\x00"

func TestTroubleIsReported(t *testing.T) {
	r, err := shot(t, impostor(t, wrong+"Z\x00\x00\x00\x05I", false), time.Millisecond, load.Simple, "x")
	if err != nil || r.Errors != 5 || r.FirstError != "42601 wrong" || r.Stalled != 5 {
		t.Errorf("an error and then silence: %+v, %v", r, err)
	}
	for name, c := range map[string]struct {
		script string
		want   string
	}{
		"hang-up":        {"", "disconnected"},
		"length":         {"Z\x00\x00\x00\x00", "impossible length"},
		"too many":       {strings.Repeat("Z\x00\x00\x00\x05I", 2), "more answers"},
		"error, hang-up": {wrong, "42601 wrong"},
	} {
		if _, err := shot(t, impostor(t, c.script, true), 0, load.Simple, "x"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := shot(t, impostor(t, wrong+"Z\x00\x00\x00\x05I", false), 0, load.Prepared, "x"); err == nil || !strings.Contains(err.Error(), "prepare: 42601") {
		t.Errorf("a statement that cannot be prepared: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := load.Dial(ctx, load.Target{Addr: "127.0.0.1:1"}); err == nil {
		t.Error("logged in with a cancelled context")
	}
}

func TestConn(t *testing.T) {
	c, err := load.Dial(t.Context(), start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := 0
	if err := c.Query("SELECT canned(1048576)", func(n int) { got += n }); err != nil || got < 1<<20 {
		t.Errorf("%d bytes, %v", got, err)
	}
	if err := c.Query("SELECT 1", nil); err != nil {
		t.Error(err)
	}
}

func TestScriptRefusesUnknownNames(t *testing.T) {
	if _, err := load.NewScript(1, "SELECT :nobody"); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("got %v", err)
	}
	if _, err := load.NewScript(1); err == nil {
		t.Error("an empty script was taken")
	}
}
