//go:build linux

package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
)

// roomForClients raises the limit of open files to what this process and the
// proxies need. Go raises its own but starts children with the old limit
// unless it was set by hand.
func roomForClients() error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	const need = maxProxyClients + 1000
	if l.Max < need {
		return fmt.Errorf("at most %d open files are allowed here, and %d are needed (ulimit -Hn)", l.Max, need)
	}
	l.Cur = max(l.Cur, need)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	return nil
}

const autogroup = "/proc/self/autogroup"

// weigh gives the kernel's group of this session, and so everything this run
// starts, a niceness. It returns what undoes it: the session outlives us.
func weigh(nice int) (restore func(), err error) {
	if nice == 0 {
		return func() {}, nil
	}
	was, err := os.ReadFile(autogroup)
	if err != nil {
		return nil, fmt.Errorf("niceness of the session: %w (is kernel.sched_autogroup_enabled set?)", err)
	}
	old, err := niceOf(string(was))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(autogroup, []byte(strconv.Itoa(nice)), 0); err != nil {
		return nil, fmt.Errorf("niceness of the session: %w", err)
	}
	return func() { _ = os.WriteFile(autogroup, []byte(strconv.Itoa(old)), 0) }, nil
}

var niceText = regexp.MustCompile(`nice (-?\d+)`)

// niceOf reads "/autogroup-123 nice 0" (sched(7)).
func niceOf(text string) (int, error) {
	m := niceText.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("niceness of the session: unexpected %q", text)
	}
	return strconv.Atoi(m[1])
}
