package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// feed gives events, one per line, to a new tally and returns it with all it
// printed.
func feed(events string) (*tally, string) {
	t := newTally()
	var printed strings.Builder
	for line := range strings.Lines(strings.TrimSpace(events) + "\n") {
		for _, text := range t.add([]byte(line)) {
			printed.WriteString(text)
		}
	}
	return t, printed.String()
}

func end(events string) summary {
	t, _ := feed(events)
	s := t.summary([]allowedSkip{{"m/a", "TestMay*", "because"}})
	s.took = 1500 * time.Millisecond
	return s
}

const green = `
{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestX"}
{"Action":"output","Package":"m/a","Test":"TestX","Output":"noise\n"}
{"Action":"run","Package":"m/a","Test":"TestX/sub"}
{"Action":"pass","Package":"m/a","Test":"TestX/sub"}
{"Action":"pass","Package":"m/a","Test":"TestX"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"pass","Package":"m/a","Elapsed":0.5}
{"Action":"skip","Package":"m/none"}
`

func TestGreen(t *testing.T) {
	s := end(green)
	if want := "\ntook 1.5 s\n2 passed, 0 failed\n"; s.String() != want || !s.ok() {
		t.Errorf("got %q, ok %v", s.String(), s.ok())
	}
	_, printed := feed(green)
	if want := "ok    m/a 0.5s, 2 passed\n-     m/none [no tests]\n"; printed != want {
		t.Errorf("printed %q", printed)
	}
}

func TestFailureShowsItsOutput(t *testing.T) {
	events := `
{"Action":"run","Package":"m/a","Test":"TestX"}
{"Action":"output","Package":"m/a","Test":"TestX","Output":"x_test.go:3: got 1\n"}
{"Action":"fail","Package":"m/a","Test":"TestX"}
{"Action":"fail","Package":"m/a","Elapsed":0.1}`
	_, printed := feed(events)
	if !strings.Contains(printed, "got 1") || !strings.Contains(printed, "FAIL  m/a") {
		t.Errorf("printed %q", printed)
	}
	s := end(events)
	if s.ok() || !strings.Contains(s.String(), "FAILED   m/a TestX\n") || !strings.HasSuffix(s.String(), "\n0 passed, 1 failed\n") {
		t.Errorf("got %q, ok %v", s.String(), s.ok())
	}
}

func TestPanicBlamesTheRunningTest(t *testing.T) {
	s := end(`
{"Action":"run","Package":"m/a","Test":"TestX"}
{"Action":"output","Package":"m/a","Test":"TestX","Output":"panic: boom\n"}
{"Action":"fail","Package":"m/a","Elapsed":0.1}`)
	if len(s.failed) != 1 || s.failed[0].Test != "TestX" || s.ok() {
		t.Errorf("failed: %v", s.failed)
	}
}

func TestBrokenBuildCountsOnce(t *testing.T) {
	events := `
{"ImportPath":"m/a [m/a.test]","Action":"build-output","Output":"a.go:1: undefined: x\n"}
{"ImportPath":"m/a [m/a.test]","Action":"build-fail"}
{"Action":"start","Package":"m/a"}
{"Action":"fail","Package":"m/a","Elapsed":0,"FailedBuild":"m/a [m/a.test]"}`
	if s := end(events); len(s.failed) != 1 || s.ok() {
		t.Errorf("failed: %v", s.failed)
	}
	if _, printed := feed(events); !strings.Contains(printed, "undefined: x") {
		t.Errorf("printed %q", printed)
	}
}

func TestSkips(t *testing.T) {
	skip := func(test string) string {
		return `
{"Action":"run","Package":"m/a","Test":"` + test + `"}
{"Action":"output","Package":"m/a","Test":"` + test + `","Output":"=== RUN   x\n"}
{"Action":"output","Package":"m/a","Test":"` + test + `","Output":"    x_test.go:3: no engine\n"}
{"Action":"skip","Package":"m/a","Test":"` + test + `"}
{"Action":"pass","Package":"m/a"}`
	}
	if s := end(skip("TestMayBe")); !s.ok() || !strings.HasSuffix(s.String(), "0 passed, 0 failed, 1 skipped\n") {
		t.Errorf("allowed: got %q, ok %v", s.String(), s.ok())
	}
	s := end(skip("TestMust"))
	if s.ok() || !strings.Contains(s.String(), "SKIPPED  m/a TestMust: x_test.go:3: no engine\n") {
		t.Errorf("not allowed: got %q, ok %v", s.String(), s.ok())
	}
}

func TestGoTestItselfFailed(t *testing.T) {
	s := end("no such flag\n")
	s.goTestFailed = true
	if s.ok() || !strings.Contains(s.String(), "before any test did") {
		t.Errorf("got %q, ok %v", s.String(), s.ok())
	}
}

func TestLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	s := end(green)
	s.wantClusters = true
	if booted, err := readLedger(path); err != nil || booted != nil || s.ok() {
		t.Errorf("no ledger: %v, %v, ok %v", booted, err, s.ok())
	}
	if err := os.WriteFile(path, []byte("15.18 s0\n15.18 s1\n17.2 x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	booted, err := readLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	s.booted = booted
	if want := "INTEGRATION: ran against PostgreSQL 15.18 (2 clusters), PostgreSQL 17.2 (1 clusters)\n"; s.integration() != want || !s.ok() {
		t.Errorf("got %q, ok %v", s.integration(), s.ok())
	}
}

func TestAllowedHaveReasons(t *testing.T) {
	for _, a := range allowed {
		if a.why == "" || a.pkg == "" || a.test == "" || a.test == "*" {
			t.Errorf("%+v is not a good reason", a)
		}
	}
}
