package testpg

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// mortalAttr asks the kernel for SIGQUIT, PostgreSQL's immediate shutdown, at
// our death: unlike SIGKILL it takes the postmaster's children along.
func mortalAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
}

// processes maps each process to its arguments, joined by spaces. Zombies
// have none and are left out.
func processes() map[int]string {
	all := map[int]string{}
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil || len(text) == 0 {
			continue // it ended meanwhile, or is a kernel thread
		}
		if pid, err := strconv.Atoi(strings.Split(name, "/")[2]); err == nil {
			all[pid] = string(bytes.ReplaceAll(bytes.TrimRight(text, "\x00"), []byte{0}, []byte{' '}))
		}
	}
	return all
}

// removeSharedMemory removes the System V segments, PostgreSQL's interlock
// against a second postmaster, that killed servers below dir left. Line 7 of
// postmaster.pid holds key and id.
func removeSharedMemory(dir string) {
	folders, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, folder := range folders {
		removeSharedMemoryOf(folder)
	}
}

// removeSharedMemoryOf does it for one server, by its data folder.
func removeSharedMemoryOf(dataDir string) {
	text, err := os.ReadFile(filepath.Join(dataDir, "postmaster.pid"))
	if err != nil {
		return // it was shut down in order, or never ran
	}
	var key, id uintptr
	lines := strings.Split(string(text), "\n")
	if len(lines) < 7 {
		return
	}
	if n, _ := fmt.Sscan(lines[6], &key, &id); n == 2 {
		const rmid = 0 // IPC_RMID of <sys/ipc.h>
		_, _, _ = syscall.Syscall(syscall.SYS_SHMCTL, id, rmid, 0)
	}
}
