package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// fails is a package in which the tests fail, saying that.
func fails(said string, tests ...string) string {
	var b strings.Builder
	for _, test := range tests {
		fmt.Fprintf(&b, `{"Action":"run","Package":"m/a","Test":%q}`+"\n", test)
		fmt.Fprintf(&b, `{"Action":"output","Package":"m/a","Test":%q,"Output":%q}`+"\n", test, said+"\n")
		fmt.Fprintf(&b, `{"Action":"fail","Package":"m/a","Test":%q}`+"\n", test)
	}
	return b.String() + `{"Action":"fail","Package":"m/a","Elapsed":0.1}`
}

func TestWhatRunsAgain(t *testing.T) {
	cases := []struct {
		name, events string
		want         int
	}{
		{"none failed", green, 0},
		{"subtests count as their test", fails("x", "TestX/a", "TestX/b", "TestX"), 1},
		{"five", fails("x", "TestV", "TestW", "TestX", "TestY", "TestZ"), 5},
		{"six", fails("x", "TestU", "TestV", "TestW", "TestX", "TestY", "TestZ"), 0},
		{"a data race", fails("WARNING: DATA RACE", "TestX"), 0},
		{"a panic", fails("panic: boom", "TestX"), 0},
		{"a panic that somebody quotes", fails("    x_test.go:3: panic: boom", "TestX"), 1},
		{"a package without a failed test", `{"Action":"fail","Package":"m/a"}`, 0},
	}
	for _, c := range cases {
		tally, _ := feed(c.events)
		if got := tally.doubtful(); len(got) != c.want {
			t.Errorf("%s: %v, want %d", c.name, got, c.want)
		}
	}
}

func TestForgiven(t *testing.T) {
	tally, _ := feed(fails("x", "TestX/a", "TestX", "TestY"))
	tally.forgive([]name{{"m/a", "TestX"}})
	s := tally.summary(nil)
	if s.ok() || len(s.failed) != 1 || !strings.Contains(s.String(), "UNSTEADY m/a TestX: ") {
		t.Errorf("got %q, ok %v", s.String(), s.ok())
	}
	tally.forgive([]name{{"m/a", "TestY"}})
	if s := tally.summary(nil); !s.ok() || !strings.HasSuffix(s.String(), "\n0 passed, 0 failed, 2 unsteady\n") {
		t.Errorf("got %q, ok %v", s.String(), s.ok())
	}
}

func TestArgumentsOfTheSecondRun(t *testing.T) {
	got := argsAgain([]string{"-race", "-count=1", "-run=Old", "-timeout=3m", "./...", "./x"}, name{"m/a", "TestX"})
	if want := []string{"-race", "-timeout=3m", "-count=3", "-run=^TestX$", "m/a"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestRealSecondRun runs a real go test of this package: a test that fails
// each time is not forgiven, one that passes is.
func TestRealSecondRun(t *testing.T) {
	args := []string{"-short", "./..."}
	passed, err := runAgain(args, t.TempDir()+"/ledger", []name{
		{"github.com/wyeproxy/wye/internal/testsum", "TestLedger"},
		{"github.com/wyeproxy/wye/internal/testsum", "TestThatIsNotThere"},
	})
	if err != nil || len(passed) != 1 || passed[0].Test != "TestLedger" {
		t.Errorf("passed %v, %v", passed, err)
	}
}
