//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// programs is the folder of the program under test.
var programs string

func TestMain(m *testing.M) { os.Exit(withPrograms(m)) }

func withPrograms(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "wye-bench-programs-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(programs)
	if out, err := exec.Command("go", "build", "-o", programs, "../../cmd/wye").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build wye: %v\n%s", err, out))
	}
	return m.Run()
}

// smoke runs the whole comparison in about a second of measuring and returns
// what it prints. Nothing of it may be left.
func smoke(t *testing.T, change func(*options)) string {
	t.Helper()
	program := filepath.Join(programs, "wye")
	o, err := readOptions([]string{"-wye", program, "-scale", "1"}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	o.time, o.warm, o.settle, o.reps = 250*time.Millisecond, 10*time.Millisecond, 10*time.Millisecond, 1
	o.idle, o.bytes = 40, 20<<20
	change(&o)
	var out strings.Builder
	if err := compare(t.Context(), o, &out, testNotes{t}); err != nil {
		t.Fatalf("%v; printed so far:\n%s", err, out.String())
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf("%s%d-*", dirPrefix, os.Getpid()))); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if kids := children(t); len(kids) > 0 {
		t.Errorf("still running: %v", kids)
	}
	return out.String()
}

// children are the command lines of our children, without those that ended.
func children(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes: %v", err)
	}
	for _, f := range files {
		text, _ := os.ReadFile(f)
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(f), "cmdline"))
		if p, err := parseStat(string(text)); err == nil && p.parent == os.Getpid() && len(line) > 0 {
			all = append(all, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return all
}

type testNotes struct{ t *testing.T }

func (n testNotes) Write(b []byte) (int, error) {
	n.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}

// rowsOf are the cells of the table rows that begin so.
func rowsOf(out, begin string) (rows [][]string) {
	for line := range strings.Lines(out) {
		if f := strings.Split(line, "|"); len(f) > 4 && strings.HasPrefix(strings.Join(strings.Fields(line), " "), begin) {
			for i := range f {
				f[i] = strings.TrimSpace(f[i])
			}
			rows = append(rows, f)
		}
	}
	return rows
}

func TestSmokePostgreSQL(t *testing.T) {
	out := smoke(t, func(o *options) { o.cells, _ = parseCells("S:extended:8,S:prepared:4,tpcb:simple:4", false) })
	for _, want := range []string{"| S:extended:8 | ", "| S:prepared:4 | ", "| tpcb:simple:4 | "} {
		rows := rowsOf(out, want)
		if len(rows) != len(realTargets) {
			t.Errorf("%s: %d rows", want, len(rows))
		}
		for _, r := range rows {
			// Debian's newer PgBouncers follow prepared statements.
			unable := r[2] == bouncer && strings.Contains(r[13], "does not follow prepared")
			if !unable && (r[3] == "-" || r[13] != "") {
				t.Errorf("trouble: %v", r)
			}
		}
	}
	for _, want := range []string{"| 4 | plain | wye", "| 40 | plain | pgbouncer", "| 40 | TLS | wye", "| wye | 20 |", "| pgbouncer | 20 |"} {
		if rows := rowsOf(out, want); len(rows) != 1 || rows[0][len(rows[0])-2] != "" {
			t.Errorf("%s: %v", want, rows)
		}
	}
	if t.Failed() || strings.Contains(out, "complained") {
		t.Errorf("printed:\n%s", out)
	}
}

// TestPinned: a child stands on its CPU from its first instruction on, and we
// stay where we were.
func TestPinned(t *testing.T) {
	c, err := recipe{name: "sleep", argv: []string{"sleep", "60"}, log: filepath.Join(t.TempDir(), "log"), quit: syscall.SIGTERM, cpu: 0}.start()
	if err != nil {
		t.Fatal(err)
	}
	defer c.stop()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid()))
	if err != nil || !strings.Contains(string(text), "Cpus_allowed_list:\t0\n") {
		t.Errorf("the child may run elsewhere than on CPU 0 (%v):\n%s", err, text)
	}
	text, err = os.ReadFile("/proc/self/status")
	if err != nil || runtime.NumCPU() > 1 && strings.Contains(string(text), "Cpus_allowed_list:\t0\n") {
		t.Errorf("we were pinned too (%v)", err)
	}
}

func TestSmokeCanned(t *testing.T) {
	out := smoke(t, func(o *options) {
		o.fake, o.pin, o.parts = true, false, allParts[:1] // the test process stays where it is
		o.cells, _ = parseCells("S:simple:4,tx:simple:4,S:extended:4,S:prepared:4,64k:simple:2", true)
		o.targets = []string{direct, wye, wyeSplit}
	})
	for _, want := range []string{"| S:simple:4 | wye |", "| tx:simple:4 | wye |", "| S:extended:4 | wye |", "| S:prepared:4 | wye |", "| 64k:simple:2 | wye |",
		"| S:simple:4 | wye-split", "| tx:simple:4 | wye-split", "| S:extended:4 | wye-split", "| S:prepared:4 | wye-split"} {
		if rows := rowsOf(out, want); len(rows) != 1 || rows[0][3] == "-" || rows[0][13] != "" {
			t.Errorf("%s: %v", want, rows)
		}
	}
	if rows := rowsOf(out, "| 64k:simple:2 | wye-split"); len(rows) != 1 || rows[0][3] != "-" || rows[0][13] == "" {
		t.Errorf("what is in no catalog was measured as a read: %v", rows)
	}
	if !strings.Contains(out, "tx:simple:4 0.0 %") {
		t.Error("reads of transactions left the primary")
	}
	if t.Failed() || strings.Contains(out, "wrong") {
		t.Errorf("printed:\n%s", out)
	}
}

// TestSweep removes what a killed run left, and nothing of a living one.
func TestSweep(t *testing.T) {
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir())
	dead := filepath.Join(os.TempDir(), fmt.Sprintf("%s%d-1", dirPrefix, gone.Process.Pid))
	alive := filepath.Join(os.TempDir(), fmt.Sprintf("%s%d-1", dirPrefix, os.Getpid()))
	for _, dir := range []string{dead, alive} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", dead, err)
	}
	if _, err := os.Stat(alive); err != nil {
		t.Error(err)
	}
}
