package testpg

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// roomy is what must be free both in the memory file system and in memory
// before clusters live there: some forty servers of a test run, at 50 to 100
// MB each with their WAL.
const roomy = 4 << 30

// roomyMemory returns the memory file system, or "" where it is missing or
// small; in a container it is 64 MB unless somebody said otherwise.
func roomyMemory() string {
	const dir = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil || int64(fs.Bavail)*fs.Bsize < roomy {
		return ""
	}
	if availableMemory() < roomy || !reachableByAll(dir) {
		return ""
	}
	return dir
}

// availableMemory is MemAvailable of /proc/meminfo in bytes, 0 if unknown.
func availableMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "MemAvailable:")
	var kib int64
	_, _ = fmt.Sscan(rest, &kib) // stays 0 when there is no number
	return kib << 10
}
