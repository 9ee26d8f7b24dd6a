package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// process is wye as its users run it.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	file  string            // its configuration
	addrs map[string]string // where it listens, by listener; "admin.http" too
	ended chan struct{}
	code  int

	mu  sync.Mutex
	log bytes.Buffer
}

// startProcess runs the built program in front of the cluster and waits until
// it listens; text is as for startProxy.
func startProcess(t testing.TB, c *testpg.Cluster, text string) *process {
	t.Helper()
	p := &process{t: t, addrs: map[string]string{}, ended: make(chan struct{})}
	p.file = filepath.Join(t.TempDir(), "wye.yaml")
	p.configure(c, text)
	p.cmd = exec.Command(wyeBinary(t), "run", p.file)
	p.cmd.Stderr = p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if strings.Contains(p.logged(), "WARNING: DATA RACE") {
			t.Error("wye has a data race")
		}
		if t.Failed() {
			t.Logf("wye's log:\n%s", p.logged())
		}
	})
	eventually(t, "wye listens", func() bool { return p.said("listening") == strings.Count(text, "bind:") })
	for _, line := range p.lines("listening") {
		p.addrs[line["listener"]] = line["addr"]
	}
	return p
}

func (p *process) configure(c *testpg.Cluster, text string) {
	p.t.Helper()
	if c != nil { // pools need none
		text = strings.NewReplacer("{server}", c.Primary.Addr(), "{db}", c.Database).Replace(text)
	}
	if err := os.WriteFile(p.file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Write collects the log.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// lines are the log's lines with that message.
func (p *process) lines(msg string) (found []map[string]string) {
	for text := range strings.Lines(p.logged()) {
		var any map[string]any
		if json.Unmarshal([]byte(text), &any) != nil || any["msg"] != msg {
			continue
		}
		line := map[string]string{}
		for k, v := range any {
			line[k], _ = v.(string)
		}
		found = append(found, line)
	}
	return found
}

func (p *process) said(msg string) int { return len(p.lines(msg)) }

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// exits waits for the end of the process and checks its exit code.
func (p *process) exits(within time.Duration, code int) {
	p.t.Helper()
	select {
	case <-p.ended:
		if p.code != code {
			p.t.Errorf("exit code %d, want %d", p.code, code)
		}
	case <-time.After(within):
		p.t.Fatalf("still running after %v", within)
	}
}

// addr is the address of the listener main.
func (p *process) addr() string { return p.addrs["main"] }
