package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// event is one line of go test -json (cmd/internal/test2json).
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// name of a test, or of a package where Test is "".
type name struct{ Package, Test string }

func (n name) String() string {
	if n.Test == "" {
		return n.Package
	}
	return n.Package + " " + n.Test
}

// tally counts outcomes. Subtests count like tests. Not safe for concurrent
// use.
type tally struct {
	passed, failed []name
	skipped        map[name]string     // why, as the test said
	output         map[name][]string   // of tests that still run, and of packages
	running        map[string][]string // tests by package
	counts         map[string]int      // passed tests by package
	hopeless       map[string]bool     // packages whose output forbids a second run
	unsteady       []name              // failed, then passed each time they ran again
}

func newTally() *tally {
	return &tally{
		skipped: map[name]string{}, output: map[name][]string{},
		running: map[string][]string{}, counts: map[string]int{}, hopeless: map[string]bool{},
	}
}

// add takes one line and returns what to print for it.
func (t *tally) add(line []byte) []string {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		return []string{string(line)} // not ours: the go command talking
	}
	n := name{e.Package, e.Test}
	switch e.Action {
	case "run":
		t.running[e.Package] = append(t.running[e.Package], e.Test)
	case "output":
		t.output[n] = append(t.output[n], e.Output)
		if hopeless.MatchString(e.Output) {
			t.hopeless[e.Package] = true
		}
	case "build-output":
		return []string{e.Output}
	case "pass", "fail", "skip":
		if e.Test == "" {
			return t.endPackage(e)
		}
		return t.endTest(e.Action, n)
	}
	return nil
}

func (t *tally) endTest(action string, n name) (print []string) {
	if action == "pass" && raced(t.output[n]) {
		action = "fail"
	}
	switch action {
	case "pass":
		t.passed = append(t.passed, n)
		t.counts[n.Package]++
	case "fail":
		t.failed = append(t.failed, n)
		print = t.output[n]
	case "skip":
		t.skipped[n] = reason(t.output[n])
	}
	delete(t.output, n)
	running := t.running[n.Package]
	if i := slices.Index(running, n.Test); i >= 0 {
		t.running[n.Package] = slices.Delete(running, i, i+1)
	}
	return print
}

// endPackage also finds what has no event of its own: tests that were running
// when the process died, and a package that failed without a failed test.
func (t *tally) endPackage(e event) (print []string) {
	own := name{e.Package, ""}
	defer delete(t.output, own)
	if e.Action == "pass" && raced(t.output[own]) {
		e.Action = "fail"
	}
	switch e.Action {
	case "skip":
		return []string{fmt.Sprintf("-     %s [no tests]\n", e.Package)}
	case "pass":
		return []string{fmt.Sprintf("ok    %s %.1fs, %d passed\n", e.Package, e.Elapsed, t.counts[e.Package])}
	}
	blamed := slices.ContainsFunc(t.failed, func(n name) bool { return n.Package == e.Package })
	for _, test := range slices.Clone(t.running[e.Package]) {
		print = append(print, t.endTest("fail", name{e.Package, test})...)
		blamed = true
	}
	if !blamed {
		t.failed = append(t.failed, own)
	}
	print = append(print, t.output[own]...)
	return append(print, fmt.Sprintf("FAIL  %s %.1fs\n", e.Package, e.Elapsed))
}

// raced reports whether the race detector has spoken. A test fails by it even
// if it passed: the race may be that of a process which the test has started
// and killed.
func raced(output []string) bool {
	return slices.ContainsFunc(output, func(line string) bool { return strings.Contains(line, "WARNING: DATA RACE") })
}

// reason is what t.Skip was given: the test's output without the lines that
// frame it.
func reason(output []string) string {
	var said []string
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}
