package testpg

import (
	"fmt"
	"os"
	"sync/atomic"
)

// LedgerVariable names the environment variable that holds a file's path.
// Each Boot of any process adds the line "VERSION NAME" to that file; `make
// test` counts them, since no test binary knows what the others booted.
const LedgerVariable = "WYE_TESTPG_LEDGER"

var (
	booted      atomic.Int64
	lastVersion atomic.Value // string
)

// Summary says what this process booted so far: "PostgreSQL 15.18 (3
// clusters)", or "no PostgreSQL".
func Summary() string {
	v, ok := lastVersion.Load().(string)
	if !ok {
		return "no PostgreSQL"
	}
	return fmt.Sprintf("PostgreSQL %s (%d clusters)", v, booted.Load())
}

func record(version, name string) error {
	booted.Add(1)
	lastVersion.Store(version)
	path := os.Getenv(LedgerVariable)
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintf(f, "%s %s\n", version, name) // one write, so lines of several processes do not mix
	return err
}
