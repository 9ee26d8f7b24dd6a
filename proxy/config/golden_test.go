package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const goldens = "../../testdata/config"

// hunter marks every secret in testdata/config: it may stand in an input, and
// in no output whatever.
const hunter = "hunter2"

// TestGoldens loads each testdata/config/*.yaml and *.json and compares what it
// printed with the .want beside it: the problems, and the dump if there is a
// Config. WYE_REWRITE=1 rewrites them.
func TestGoldens(t *testing.T) {
	t.Chdir(goldens)
	files, err := filepath.Glob("*.*")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		if ext := filepath.Ext(file); ext != ".yaml" && ext != ".json" {
			continue
		}
		count++
		t.Run(file, func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c, problems := load(goldenOutside(), file, src, goldenMode(src))
			got := printed(c, problems)
			noSecret(t, got)
			compareFile(t, file+".want", got)
			if c == nil {
				failedOnPurpose(t, problems)
			} else {
				everythingElsePrints(t, c)
			}
		})
	}
	if count < 30 {
		t.Errorf("only %d goldens found", count)
	}
}

// goldenOutside has a fixed environment and takes included files as private.
func goldenOutside() outside {
	env := map[string]string{
		"WYE_PASSWORD": hunter, "WYE_SIZE": "7", "WYE_HOST": "db-" + hunter, "WYE_EMPTY": "",
		"WYE_WORD": "word-" + hunter, "WYE_ALIEN": "${env:WYE_PASSWORD}",
	}
	o := realOutside
	o.getenv = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	o.read = func(path string, limit int) ([]byte, fs.FileMode, error) {
		text, _, err := realOutside.read(path, limit)
		return text, 0o600, err
	}
	return o
}

// goldenMode is the mode that the first line of the input asks for.
func goldenMode(src []byte) fs.FileMode {
	line, _, _ := bytes.Cut(src, []byte("\n"))
	if mode, ok := bytes.CutPrefix(line, []byte("# mode ")); ok {
		if n, err := strconv.ParseUint(string(mode), 8, 32); err == nil {
			return fs.FileMode(n)
		}
	}
	return 0o600
}

func printed(c *Config, problems []Problem) []byte {
	var b bytes.Buffer
	for _, p := range problems {
		fmt.Fprintln(&b, p)
	}
	if c != nil {
		b.WriteString("----\n")
		b.Write(Dump(c))
	}
	return b.Bytes()
}

func compareFile(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("WYE_REWRITE") == "1" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (WYE_REWRITE=1 rewrites it); got:\n%s", file, got)
	}
}

func noSecret(t *testing.T, output []byte) {
	t.Helper()
	if bytes.Contains(bytes.ToLower(output), []byte(hunter)) {
		t.Errorf("a secret is printed:\n%s", output)
	}
}

func failedOnPurpose(t *testing.T, problems []Problem) {
	t.Helper()
	for _, p := range problems {
		if !p.Warning {
			return
		}
	}
	t.Error("no Config, and no problem says why")
}

// everythingElsePrints makes the outputs that a golden does not hold, and looks
// for secrets in them.
func everythingElsePrints(t *testing.T, c *Config) {
	t.Helper()
	for _, v := range Values(c) {
		noSecret(t, []byte(v.Path+v.Value+v.Default))
	}
	for _, change := range append(Diff(new(Config), c), Diff(c, new(Config))...) {
		noSecret(t, []byte(change.Path+change.Old+change.New))
	}
	if changes := Diff(c, c); len(changes) != 0 {
		t.Errorf("a Config differs from itself: %v", changes)
	}
}

// TestDumpLoads checks that a dump is a file with the same meaning, wherever
// there was nothing to mask.
func TestDumpLoads(t *testing.T) {
	t.Chdir(goldens)
	files, _ := filepath.Glob("*.yaml")
	count := 0
	for _, file := range files {
		src, _ := os.ReadFile(file)
		c, _ := load(goldenOutside(), file, src, 0o600)
		if c == nil || bytes.Contains(Dump(c), []byte(Mask)) {
			continue
		}
		count++
		again, problems := load(goldenOutside(), file, Dump(c), 0o600)
		if again == nil {
			t.Errorf("%s: the dump does not load: %v", file, problems)
		} else if changes := Diff(c, again); len(changes) != 0 {
			t.Errorf("%s: the dump means something else: %v", file, changes)
		}
	}
	if count < 3 {
		t.Errorf("only %d dumps without secrets", count)
	}
}

// TestPositions checks that each problem of a golden points at a character that
// is there, so that an editor can jump to it.
func TestPositions(t *testing.T) {
	t.Chdir(goldens)
	files, _ := filepath.Glob("*.yaml")
	for _, file := range files {
		src, _ := os.ReadFile(file)
		_, problems := load(goldenOutside(), file, src, goldenMode(src))
		for _, p := range problems {
			if p.Line == 0 {
				continue // a file that could not be read
			}
			text, err := os.ReadFile(p.File)
			lines := strings.Split(string(text), "\n")
			if err != nil || p.Line > len(lines) || p.Col < 1 || p.Col > len([]rune(lines[p.Line-1]))+1 {
				t.Errorf("%s: no such place: %s", file, p)
			}
		}
	}
}
