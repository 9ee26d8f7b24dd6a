package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// running is a demo that was started as a process of its own.
type running struct {
	cmd    *exec.Cmd
	pipe   io.Closer
	out    *bufio.Reader
	errs   bytes.Buffer
	record tourRecord
}

// newDemo prepares `wye demo`.
func newDemo(t *testing.T, args ...string) *running {
	t.Helper()
	return &running{cmd: exec.Command(wyeBinary(t), append([]string{"demo"}, args...)...)}
}

func startDemo(t *testing.T, args ...string) *running {
	t.Helper()
	return newDemo(t, args...).start(t)
}

// start starts the demo; the test's end kills what is left of it.
func (d *running) start(t *testing.T) *running {
	t.Helper()
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.pipe, d.out, d.cmd.Stderr = out, bufio.NewReader(out), &d.errs
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil {
			_ = d.cmd.Process.Kill()
			_ = d.cmd.Wait()
		}
	})
	return d
}

// folders reads the first line of the demo's text, which names its folders.
func (d *running) folders(t *testing.T) []string {
	t.Helper()
	line, err := d.out.ReadString('\n')
	_, folders, ok := strings.Cut(strings.TrimSpace(line), "throw-away clusters in ")
	if err != nil || !ok {
		t.Fatalf("the demo's first line is %q, %v; it said: %s", line, err, &d.errs)
	}
	return strings.Fields(folders)
}

// told sends the demo a signal and checks how it ends.
func (d *running) told(t *testing.T, s os.Signal, code int) {
	t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	d.ends(t, code)
}

// tour reads the JSON object that the demo prints after its tour.
func (d *running) tour(t *testing.T) {
	t.Helper()
	if err := json.NewDecoder(d.out).Decode(&d.record); err != nil {
		t.Fatalf("the demo's JSON: %v; it said: %s", err, &d.errs)
	}
	if !d.record.OK || len(d.record.Steps) != len(tourSteps) {
		t.Fatalf("the tour failed: %+v", d.record)
	}
}

// ends waits for the process and checks its exit code.
func (d *running) ends(t *testing.T, want int) {
	t.Helper()
	began := time.Now()
	_ = d.cmd.Wait() // its code is looked at next
	if got := d.cmd.ProcessState.ExitCode(); got != want {
		t.Errorf("exit code %d, want %d; it said: %s", got, want, &d.errs)
	}
	t.Logf("ended after %v", time.Since(began).Round(time.Millisecond))
}

// assertNothingLeft looks for the folders of a demo, and for processes with
// their names among their arguments or in their title.
func assertNothingLeft(t *testing.T, folders []string) {
	t.Helper()
	if len(folders) != 1+storeShards {
		t.Errorf("the folders are %q, want one for each cluster", folders)
	}
	for _, folder := range folders {
		if _, err := os.Stat(folder); !os.IsNotExist(err) {
			t.Errorf("folder %q is left (%v)", folder, err)
		}
	}
	if left := serversIn(folders); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
}

// serversIn lists the PostgreSQL processes of a demo. The name of each of its
// folders ends in a token that stands in the title of each of them.
func serversIn(folders []string) []string {
	var found []string
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		for _, folder := range folders {
			if _, token, _ := strings.Cut(filepath.Base(folder), "-"); strings.Contains(string(text), token) {
				found = append(found, string(text))
			}
		}
	}
	return found
}
