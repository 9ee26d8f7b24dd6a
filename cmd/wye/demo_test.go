package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestTwoDemosOnce runs two demos at the same time: one as ourselves, one as
// a user who is not root, where that makes a difference.
func TestTwoDemosOnce(t *testing.T) {
	t.Parallel()
	began := time.Now()
	a, b := newDemo(t, "--once", "--json"), newDemo(t, "--once", "--json")
	if os.Getuid() == 0 {
		b.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		b.cmd.Dir, b.cmd.Env = "/", append(os.Environ(), "HOME=/")
	}
	ports := map[string]bool{}
	for _, d := range []*running{a.start(t), b.start(t)} {
		d.tour(t)
		d.ends(t, exitOK)
		assertNothingLeft(t, d.record.Folders)
		for _, u := range []string{d.record.AppURL, d.record.MetricsURL} {
			parsed, err := url.Parse(u)
			if err != nil {
				t.Fatal(err)
			}
			ports[parsed.Port()] = true
		}
	}
	if len(ports) != 4 {
		t.Errorf("two demos took the ports %v, want four", ports)
	}
	t.Logf("first result after %.0f ms, tour after %.0f ms, both ended after %v", a.record.FirstMS, a.record.TookMS, time.Since(began))
	pooling := a.record.Steps[0].Figures
	if pooling["clients"].(float64) < fleetSize || pooling["queries_per_s"].(float64) <= 0 {
		t.Errorf("pooling measured %v", pooling)
	}
	for _, n := range pooling["server_conns_actual"].([]any) {
		if n.(float64) > rigPool {
			t.Errorf("pooling measured %v", pooling)
		}
	}
	for _, s := range a.record.Steps {
		if !s.OK || s.MS <= 0 || s.Measured == "" || len(s.Figures) == 0 {
			t.Errorf("step %+v", s)
		}
		t.Logf("%-8s %5.0f ms  %s", s.Name, s.MS, s.Measured)
	}
}

// nobody is the number of the user nobody on Debian; no account is needed to
// run as it.
const nobody = 65534

// TestDemoStaysUp runs the SQL that the demo shows, with psql, and pgbench
// with the query of its first step, in a demo whose tour is over.
func TestDemoStaysUp(t *testing.T) {
	t.Parallel()
	d := startDemo(t, "--json")
	d.tour(t)
	script := filepath.Join("../..", tourScript)
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), strings.ReplaceAll(balanceSQL, "$1", "4711")) || !strings.Contains(string(text), stateSQL) {
		t.Errorf("%s does not ask what the tour asks", script)
	}
	out := runProgram(t, "psql", "-X", d.record.AppURL, "-v", "console="+d.record.ConsoleURL, "-f", script)
	for _, want := range []string{"14133", "Asia/Tokyo", "south", "canceling statement due to statement timeout", "replica  reads only: tables accounts", "function visit is volatile", "cl_active", "total_server_parse_count", "replicas | ready"} {
		if !strings.Contains(out, want) {
			t.Errorf("psql's output lacks %q:\n%s", want, out)
		}
	}
	d.shards(t)
	out = runProgram(t, "pgbench", "-n", "-M", "prepared", "-c", "50", "-t", "20", "-f", "../../testdata/demo/balance.sql", d.record.AppURL)
	if !strings.Contains(out, "number of transactions actually processed: 1000/1000") {
		t.Errorf("pgbench says:\n%s", out)
	}
	d.told(t, os.Interrupt, exitOK)
	assertNothingLeft(t, d.record.Folders)
}

// shards runs the SQL about the sharded database.
func (d *running) shards(t *testing.T) {
	t.Helper()
	script := filepath.Join("../..", shardsScript)
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{strings.ReplaceAll(userSQL, "$1", "42"), totalsSQL, richestSQL, medianSQL} {
		if !strings.Contains(string(text), sql+";") {
			t.Errorf("%s does not ask what the tour asks: %s", script, sql)
		}
	}
	out := runProgram(t, "psql", "-X", d.record.ShardedURL, "-f", script)
	for _, want := range []string{"user 42", "shard    s0", "shard    s1", "tier A", "tier B", "Germany", "3000990", "HINT:  SET wye.gather = on"} {
		if !strings.Contains(out, want) {
			t.Errorf("psql's output lacks %q:\n%s", want, out)
		}
	}
}

// runProgram runs one of PostgreSQL's programs, which are in PATH or beside
// the server's.
func runProgram(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		progs, err := testpg.Find()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(progs.Dir, name)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func TestDemoEndsInMidTour(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		signal os.Signal
		code   int
	}{
		{"interrupt", nil, os.Interrupt, exitOK},
		{"terminate", nil, syscall.SIGTERM, exitOK},
		{"hangup", []string{"--once"}, syscall.SIGHUP, exitFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := startDemo(t, c.args...)
			folders := d.folders(t)
			d.told(t, c.signal, c.code)
			assertNothingLeft(t, folders)
		})
	}
}

// TestDemoWithoutReader closes the demo's standard output, as head does.
func TestDemoWithoutReader(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	folders := d.folders(t)
	if err := d.pipe.Close(); err != nil {
		t.Fatal(err)
	}
	d.ends(t, exitOK)
	assertNothingLeft(t, folders)
}

func TestDemoKilled(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	folders := d.folders(t)
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = d.cmd.Wait() // killed, as ordered
	began := time.Now()
	for len(serversIn(folders)) > 0 {
		if time.Since(began) > generous {
			t.Fatalf("servers outlived their demo by %v: %q", generous, serversIn(folders))
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("servers gone %v after the demo", time.Since(began).Round(time.Millisecond))
	next := startDemo(t)
	nextFolders := next.folders(t)
	assertNothingLeft(t, folders)
	next.told(t, syscall.SIGTERM, exitOK)
	assertNothingLeft(t, nextFolders)
}

func TestDemoWithoutPostgreSQL(t *testing.T) {
	t.Setenv(testpg.BinVariable, t.TempDir())
	d := newDemo(t) // may build wye first
	began := time.Now()
	d.start(t)
	d.ends(t, exitNoPostgres)
	quick(t, began, prompt)
	for _, way := range []string{"apt-get install postgresql", testpg.BinVariable, "PATH"} {
		if !strings.Contains(d.errs.String(), way) {
			t.Errorf("the way out %q is missing in: %s", way, &d.errs)
		}
	}
}

func TestDemoRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, arg := range []string{"--twice", "now"} {
		d := startDemo(t, arg)
		d.ends(t, exitUsage)
		if !strings.Contains(d.errs.String(), strings.TrimLeft(arg, "-")) {
			t.Errorf("%s: the complaint is %q", arg, &d.errs)
		}
	}
}
