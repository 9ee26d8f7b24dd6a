package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// summary is a finished run.
type summary struct {
	passed       int
	failed       []name
	unsteady     []name // failed at first, then passed each time they ran again
	skipped      map[name]string
	holes        []name         // skipped without leave
	booted       map[string]int // clusters by version of PostgreSQL
	took         time.Duration
	goTestFailed bool
	wantClusters bool
	missing      string // a line about what was left out; "" if nothing was
}

func (t *tally) summary(list []allowedSkip) summary {
	s := summary{passed: len(t.passed), failed: t.failed, unsteady: t.unsteady, skipped: t.skipped}
	for n := range t.skipped {
		if !isAllowed(list, n) {
			s.holes = append(s.holes, n)
		}
	}
	slices.SortFunc(s.holes, func(a, b name) int { return strings.Compare(a.String(), b.String()) })
	return s
}

func (s summary) noCluster() bool { return s.wantClusters && len(s.booted) == 0 }

// silent is a run in which go test failed and no event says why: a package
// pattern that matches nothing, a flag it does not know.
func (s summary) silent() bool { return s.goTestFailed && len(s.failed) == 0 }

func (s summary) ok() bool {
	return !s.goTestFailed && len(s.failed)+len(s.holes) == 0 && !s.noCluster()
}

// String is what ends the output. Its last line is for machines.
func (s summary) String() string {
	var b strings.Builder
	b.WriteString("\n")
	for _, n := range s.failed {
		fmt.Fprintf(&b, "FAILED   %s\n", n)
	}
	for _, n := range s.unsteady {
		fmt.Fprintf(&b, "UNSTEADY %s: failed once, then passed %d of %d times alone; make it independent of the machine's speed\n", n, againRuns, againRuns)
	}
	for _, n := range slices.SortedFunc(maps.Keys(s.skipped), func(a, b name) int { return strings.Compare(a.String(), b.String()) }) {
		verdict := "skipped "
		if slices.Contains(s.holes, n) {
			verdict = "SKIPPED "
		}
		fmt.Fprintf(&b, "%s %s: %s\n", verdict, n, s.skipped[n])
	}
	if len(s.holes) > 0 {
		b.WriteString("A skipped test fails the run unless internal/testsum/allowed.go says why it may be.\n")
	}
	if s.silent() {
		b.WriteString("go test failed before any test did; see above.\n")
	}
	b.WriteString(s.integration())
	b.WriteString(s.missing)
	fmt.Fprintf(&b, "took %.1f s\n", s.took.Seconds())
	fmt.Fprintf(&b, "%d passed, %d failed", s.passed, len(s.failed))
	if len(s.unsteady) > 0 {
		fmt.Fprintf(&b, ", %d unsteady", len(s.unsteady))
	}
	if len(s.skipped) > 0 {
		fmt.Fprintf(&b, ", %d skipped", len(s.skipped))
	}
	b.WriteString("\n")
	return b.String()
}

func (s summary) integration() string {
	if len(s.booted) == 0 {
		if s.wantClusters {
			return "INTEGRATION: FAILED, no PostgreSQL cluster was booted\n"
		}
		return ""
	}
	var parts []string
	for _, v := range slices.Sorted(maps.Keys(s.booted)) {
		parts = append(parts, fmt.Sprintf("PostgreSQL %s (%d clusters)", v, s.booted[v]))
	}
	return "INTEGRATION: ran against " + strings.Join(parts, ", ") + "\n"
}
