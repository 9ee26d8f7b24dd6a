package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRaceArgs(t *testing.T) {
	list := []leftOut{{"a", "", "why"}, {"b", "TestX", "why"}, {"b", "TestY/some part", "why"}, {"c", "TestZ", "why"}}
	got, missing := raceArgs([]string{"-count=1"}, []string{"m/a", "m/b", "m/b/a", "m/ba"}, list)
	want := []string{"-race", "-count=1", "-skip=^TestX$|^TestY$/^some part$", "m/b", "m/ba"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.HasSuffix(missing, ": 2 packages, 2 tests\n") {
		t.Errorf("the summary says %q", missing)
	}
	if got, _ := raceArgs(nil, []string{"m/a"}, list); got != nil {
		t.Errorf("with nothing left: %q", got)
	}
	if got, _ := raceArgs(nil, []string{"m/d"}, list); !slices.Equal(got, []string{"-race", "m/d"}) {
		t.Errorf("a package without a row: %q", got)
	}
}

// A race that was seen in a process of a test's fails the test.
func TestARaceFailsWhatPassed(t *testing.T) {
	for _, test := range []string{"TestX", ""} {
		s := end(`
{"Action":"run","Package":"m/a","Test":"TestX"}
{"Action":"output","Package":"m/a","Test":"` + test + `","Output":"WARNING: DATA RACE\n"}
{"Action":"pass","Package":"m/a","Test":"TestX"}
{"Action":"pass","Package":"m/a"}`)
		if s.ok() || len(s.failed) != 1 || s.failed[0].Test != test {
			t.Errorf("%q: failed %v", test, s.failed)
		}
	}
}

var starts = regexp.MustCompile(`(?m)^\s*go \w|\.Go\(|\.Parallel\(\)|RunParallel`)

// TestLeftOutAreThere: each row has a reason and names what exists; a test's
// name is in one package only, because go test -skip holds for all; and what
// is said to start no goroutine does not.
func TestLeftOutAreThere(t *testing.T) {
	for _, l := range raceless {
		text := source(t, "../../"+l.pkg, "*.go")
		if l.why == "" || text == "" {
			t.Errorf("%+v: no such package, or no reason", l)
		}
		if strings.Contains(l.why, "no goroutine") && starts.MatchString(text) {
			t.Errorf("%s starts goroutines: %q", l.pkg, starts.FindString(text))
		}
		if l.test == "" {
			continue
		}
		top, _, _ := strings.Cut(l.test, "/")
		if n := strings.Count(allTests(t), "\nfunc "+top+"("); n != 1 || !strings.Contains(source(t, "../../"+l.pkg, "*_test.go"), "\nfunc "+top+"(") {
			t.Errorf("%+v: %d functions have that name", l, n)
		}
	}
}

// source is the text of the files of one folder.
func source(t *testing.T, folder, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// allTests is the text of all test files of the module.
func allTests(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("../..", func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && e.Name() != ".." {
			return filepath.SkipDir
		}
		all.WriteString(source(t, path, "*_test.go"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
