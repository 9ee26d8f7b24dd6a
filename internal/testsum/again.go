package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// mayFail is how many tests may fail and still be run again. More is no
	// busy machine but a fault, and is not worth the time. There are over a
	// thousand tests, many of them on real servers.
	mayFail = 5
	// againRuns is how often such a test must then pass, alone and in a row.
	againRuns = 3
)

// hopeless is output after which no second run counts: it names a fault that
// is there whether or not it shows again.
var hopeless = regexp.MustCompile(`WARNING: DATA RACE|^panic: |^fatal error: |test timed out after`)

// doubtful are the tests, by package, that may have failed because the machine
// was busy: few, each with a name of its own. It is nil when the run has failed
// for good. Only whole tests are run again, so subtests stand under theirs.
func (t *tally) doubtful() []name {
	var whole []name
	for _, n := range t.failed {
		if n.Test == "" || t.hopeless[n.Package] {
			return nil
		}
		top, _, _ := strings.Cut(n.Test, "/")
		if w := (name{n.Package, top}); !slices.Contains(whole, w) {
			whole = append(whole, w)
		}
	}
	if len(whole) > mayFail {
		return nil
	}
	return whole
}

// runAgain runs each test alone, as often as it must pass, and returns those
// that did. Its counts stay out of the summary's.
func runAgain(args []string, ledger string, tests []name) (passed []name, err error) {
	for _, n := range tests {
		fmt.Printf("\nagain %s, alone, %d times\n", n, againRuns)
		t := newTally()
		failed, err := goTest(argsAgain(args, n), ledger, func(line []byte) {
			for _, text := range t.add(line) {
				fmt.Print(text)
			}
		})
		if err != nil {
			return nil, err
		}
		times := 0
		for _, p := range t.passed {
			if p == n {
				times++
			}
		}
		if !failed && len(t.failed) == 0 && times == againRuns {
			passed = append(passed, n)
		}
	}
	return passed, nil
}

// argsAgain keeps the flags, which must be written -flag=value, and runs the
// one test instead of the packages.
func argsAgain(args []string, n name) []string {
	var again []string
	for _, a := range args {
		if strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "-run=") && !strings.HasPrefix(a, "-count=") {
			again = append(again, a)
		}
	}
	return append(again, fmt.Sprintf("-count=%d", againRuns), "-run=^"+n.Test+"$", n.Package)
}

// forgive takes failures back whose whole test passed when it ran again.
func (t *tally) forgive(passed []name) {
	t.failed = slices.DeleteFunc(t.failed, func(n name) bool {
		top, _, _ := strings.Cut(n.Test, "/")
		return n.Test != "" && slices.Contains(passed, name{n.Package, top})
	})
	t.unsteady = append(t.unsteady, passed...)
}
