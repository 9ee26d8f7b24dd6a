//go:build !linux

package testpg

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// mortalAttr cannot ask for a parent-death signal here, so after a kill -9 of
// this process the servers stay until the next Boot sweeps them.
func mortalAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// processes maps each process to its arguments, joined by spaces.
func processes() map[int]string {
	all := map[int]string{}
	out, _ := exec.Command("ps", "-axww", "-o", "pid=,command=").Output()
	for _, line := range strings.Split(string(out), "\n") {
		pid, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.Atoi(pid); err == nil {
			all[n] = strings.TrimSpace(args)
		}
	}
	return all
}

// removeSharedMemory leaves the few bytes a killed server's interlock takes:
// the system calls to remove it differ from system to system.
func removeSharedMemory(string) {}

// removeSharedMemoryOf leaves them too.
func removeSharedMemoryOf(string) {}

// roomyMemory is empty: there is no memory file system to count on.
func roomyMemory() string { return "" }
