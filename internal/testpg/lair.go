package testpg

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A lair is the folder of one running cluster. Its lock file is held by flock
// for as long as the owning process lives, so a lair whose lock is free is
// what a crash left behind.
type lair struct {
	dir   string
	token string // unique; stands in the folder's name and in every server's process title
	lock  *os.File
}

const (
	lairPrefix = "c-"
	logsPrefix = "logs-"

	gateLock = "gate.lock"
)

// newLair claims a fresh folder. It shares the gate's lock with sweepLocked:
// between making a folder and locking it, it looks exactly like an abandoned
// one.
func newLair(den string) (*lair, error) {
	gate, err := lockFile(filepath.Join(den, gateLock), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer gate.Close()
	token := randomHex(4)
	dir := filepath.Join(den, lairPrefix+token)
	if err := os.Mkdir(dir, 0o711); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(dir, "lock"), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return nil, err
	}
	return &lair{dir: dir, token: token, lock: lock}, nil
}

// abandon kills every server of the lair and removes it. Safe to call twice.
func (l *lair) abandon() error {
	killAll(l.dir+"/", "@"+l.token)
	removeSharedMemory(l.dir)
	err := os.RemoveAll(l.dir)
	l.lock.Close() // last: while it is held nobody else sweeps the same folder
	return err
}

// keptLogs is how long the logs of failed tests stay.
const keptLogs = 7 * 24 * time.Hour

// sweepLocked removes what crashed processes left in the den.
func sweepLocked(den string) error {
	gate, err := lockFile(filepath.Join(den, gateLock), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer gate.Close()
	sweep(den)
	return nil
}

// sweep removes abandoned lairs, best effort: what resists today is tried
// again by the next Boot. The caller holds the gate.
func sweep(den string) {
	entries, _ := os.ReadDir(den)
	for _, e := range entries {
		dir := filepath.Join(den, e.Name())
		token, isLair := strings.CutPrefix(e.Name(), lairPrefix)
		switch {
		case isLair:
			lock, err := lockFile(filepath.Join(dir, "lock"), syscall.LOCK_EX|syscall.LOCK_NB)
			if err == nil {
				_ = (&lair{dir: dir, token: token, lock: lock}).abandon()
			}
		case strings.HasPrefix(e.Name(), logsPrefix):
			if fi, err := e.Info(); err == nil && time.Since(fi.ModTime()) > keptLogs {
				_ = os.RemoveAll(dir)
			}
		}
	}
}

// lockFile opens (creating it) and locks a file. Closing it unlocks; so does
// the death of the process, since Go opens files close-on-exec and no child
// shares the descriptor.
func lockFile(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24: it aborts the program instead
	return hex.EncodeToString(b)
}
