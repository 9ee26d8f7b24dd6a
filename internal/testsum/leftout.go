package main

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// leftOut is what a run with -race does not repeat, because a data race of
// wye cannot show in it: the run without has proved all that it can prove. A
// row is a whole package, or one test (or subtest, by its path) of a package.
type leftOut struct {
	pkg  string // its path below the module: "internal/archtest"
	test string // a whole name, of a function that no other package has; "" is the package
	why  string
}

var raceless = []leftOut{
	{"cmd/wye", "TestDrivers", "one client at a time, by programs in other languages; what they ask for is asked by many clients in other tests"},
	{"cmd/wye", "TestMemoryIsBounded", "judges memory, of which the detector takes several times as much"},
	{"cmd/wye", "TestTwoDemosOnce", "two demos; the tour of one, with wye under the detector, is TestDemoStaysUp"},
	{"cmd/wye", "TestDemoEndsInMidTour", "how demos leave nothing behind, which is TestDemoStaysUp too"},
	{"cmd/wye", "TestDemoWithoutReader", "how demos leave nothing behind, which is TestDemoStaysUp too"},
	{"cmd/wye", "TestDemoKilled", "servers that end with a killed demo, which tells nothing any more"},
	{"internal/archtest", "", "reads source files"},
	{"internal/bench", "", "the benchmark's own tools, no part of wye"},
	{"internal/bench/fakepg", "", "the benchmark's own tools, no part of wye"},
	{"internal/bench/load", "", "the benchmark's own tools, no part of wye"},
	{"internal/canceltest", "", "PostgreSQL without wye; cmd/wye runs the same cancels through wye"},
	{"internal/difftest", "TestDifferential/twin", "two PostgreSQLs, without wye"},
	{"internal/difftest", "TestDifferential/naive", "a scatter that is wrong on purpose, without wye"},
	{"internal/difftest", "TestDifferential/not_sharded", "one client at a time before one server; that over shards stays"},
	{"internal/drill", "", "PostgreSQL without wye; cmd/wye runs the same drills through wye"},
	{"internal/drivertest", "", "PostgreSQL without wye, asked by programs in other languages"},
	{"internal/leakcheck", "", "PostgreSQL without wye; cmd/wye runs the same steps through wye"},
	{"internal/plantest", "", "golden plans, of functions that start no goroutine"},
	{"internal/testpg", "", "boots PostgreSQL, as it does under the detector for all other tests"},
	{"internal/testsum", "", "no part of wye"},
	{"internal/transcript", "", "PostgreSQL without wye; cmd/wye plays the same transcripts through wye"},
	{"protocol/pgerror", "", "pure: starts no goroutine, and neither do its tests"},
	{"proxy/httpproxy", "TestPlainGetAllocates", "counts what is allocated, to which the detector adds"},
	{"router/catalog", "", "pure: starts no goroutine, and neither do its tests"},
	{"router/rewrite", "", "pure: starts no goroutine, and neither do its tests"},
	{"router/shardplan", "", "pure: starts no goroutine, and neither do its tests"},
	{"shards", "", "pure: starts no goroutine, and neither do its tests"},
	{"shards/commit", "TestAMillionIDs", "a million numbers that PostgreSQL makes"},
	{"shards/copysplit", "", "pure: starts no goroutine, and neither do its tests"},
	{"shards/fold", "", "pure: starts no goroutine, and neither do its tests"},
	{"shards/merge", "", "pure: starts no goroutine, and neither do its tests"},
	{"shards/shardfunc", "", "pure: starts no goroutine, and neither do its tests"},
}

// underRace is raceArgs for arguments that end in patterns of packages.
func underRace(args []string) (with []string, missing string, err error) {
	flags := slices.IndexFunc(args, func(a string) bool { return !strings.HasPrefix(a, "-") })
	if flags < 0 {
		flags = len(args)
	}
	packages, err := listPackages(args[flags:])
	if err != nil {
		return nil, "", err
	}
	if with, missing = raceArgs(args[:flags], packages, raceless); with == nil {
		err = fmt.Errorf("a race can show in none of %s (internal/testsum/leftout.go)", strings.Join(args[flags:], " "))
	}
	return with, missing, err
}

// raceArgs are the arguments of go test for a run under the race detector:
// with what is in packages but not in the list, nil if that is nothing, and a
// summary's line of what is missing. packages are import paths.
func raceArgs(args, packages []string, list []leftOut) (with []string, missing string) {
	keep := slices.DeleteFunc(slices.Clone(packages), func(p string) bool {
		return slices.ContainsFunc(list, func(l leftOut) bool { return l.test == "" && below(p, l.pkg) })
	})
	if len(keep) == 0 {
		return nil, ""
	}
	var skip []string
	for _, l := range list {
		if l.test != "" && slices.ContainsFunc(keep, func(p string) bool { return below(p, l.pkg) }) {
			skip = append(skip, skipPattern(l.test))
		}
	}
	with = append([]string{"-race"}, args...)
	if len(skip) > 0 {
		with = append(with, "-skip="+strings.Join(skip, "|"))
	}
	missing = fmt.Sprintf("left out, for a race cannot show there (internal/testsum/leftout.go): %d packages, %d tests\n", len(packages)-len(keep), len(skip))
	return append(with, keep...), missing
}

// below reports whether the import path is that of the module's package.
func below(path, pkg string) bool { return strings.HasSuffix(path, "/"+pkg) }

// skipPattern matches the one test, by go test's rules: a pattern for each
// part of the path.
func skipPattern(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + p + "$"
	}
	return strings.Join(parts, "/")
}

// listPackages gives the import paths behind patterns of packages.
func listPackages(patterns []string) ([]string, error) {
	out, err := exec.Command("go", append([]string{"list"}, patterns...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	return strings.Fields(string(out)), nil
}
