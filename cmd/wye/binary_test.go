package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binaryFolder holds the program that wyeBinary builds, once per run.
var binaryFolder string

func removeBinary() {
	if binaryFolder != "" {
		_ = os.RemoveAll(binaryFolder) // all that is lost is space in the temporary folder
	}
}

// wyeBinary builds wye for tests that run it as its users do, and returns its
// path. Other accounts may run it too.
func wyeBinary(t testing.TB) string {
	t.Helper()
	path, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "wye-test-")
	if err != nil {
		return "", err
	}
	binaryFolder = dir
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "wye")
	args := append(append([]string{"build"}, raceFlags...), "-o", path, ".")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})
