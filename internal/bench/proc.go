//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// tick is the unit of CPU times in /proc: 1/USER_HZ, 100 on every system Go
// runs on. Sums are exact, only their unit is coarse.
const tick = 10 * time.Millisecond

// processTimes is one line of /proc/PID/stat.
type processTimes struct {
	parent   int
	own      time.Duration // user and system, all threads
	children time.Duration // of those that ended and were waited for
}

// parseStat reads /proc/PID/stat (proc_pid_stat(5)). The name in brackets may
// hold anything, also brackets.
func parseStat(text string) (p processTimes, err error) {
	at := strings.LastIndexByte(text, ')')
	f := strings.Fields(text[at+1:])
	if at < 0 || len(f) < 15 {
		return p, fmt.Errorf("no process status: %.40q", text)
	}
	var n [5]int64
	for i, field := range [...]int{1, 11, 12, 13, 14} { // ppid utime stime cutime cstime, counted from state
		if n[i], err = strconv.ParseInt(f[field], 10, 64); err != nil {
			return p, fmt.Errorf("process status: %w", err)
		}
	}
	return processTimes{int(n[0]), time.Duration(n[1]+n[2]) * tick, time.Duration(n[3]+n[4]) * tick}, nil
}

func timesOf(pid int) (processTimes, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return processTimes{}, err
	}
	return parseStat(string(text))
}

// familyTime is the CPU time of this process and all its descendants.
func familyTime() time.Duration {
	all := map[int]processTimes{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		if t, err := timesOf(pid); err == nil { // it may have ended
			all[pid] = t
		}
	}
	var sum time.Duration
	for pid, t := range all {
		for up := pid; up > 1; up = all[up].parent {
			if up == os.Getpid() {
				sum += t.own + t.children
				break
			}
		}
	}
	return sum
}

// machineTimes is the first line of /proc/stat.
type machineTimes struct{ all, busy, stolen time.Duration }

func parseMachine(text string) (m machineTimes, err error) {
	line, _, _ := strings.Cut(text, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return m, fmt.Errorf("no CPU times: %.40q", line)
	}
	for i, word := range f[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return m, fmt.Errorf("CPU times: %w", err)
		}
		d := time.Duration(n) * tick
		m.all += d
		switch i {
		case 3, 4:
		case 7:
			m.stolen += d
		default:
			m.busy += d
		}
	}
	return m, nil
}

func machine() (machineTimes, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineTimes{}, err
	}
	return parseMachine(string(text))
}

// parseKiB finds "Pss:   123 kB" and returns bytes.
func parseKiB(text, name string) (int64, error) {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no line %s", name)
}

// memory reads one figure of a process, in bytes: Pss of smaps_rollup, VmRSS
// or VmHWM of status.
func memory(pid int, file, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0, err
	}
	return parseKiB(string(text), name)
}

// resetPeak makes VmHWM begin anew (proc_pid_clear_refs(5)).
func resetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// pinThread puts the calling thread, and whatever it starts, on one CPU, or
// on all of them with a negative one.
func pinThread(cpu int) error { return pinTask(0, cpu) }

// pinSelf puts every thread of this process on one CPU.
func pinSelf(cpu int) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		id, _ := strconv.Atoi(t.Name())
		if err := pinTask(id, cpu); err != nil {
			return err
		}
	}
	return nil
}

func pinTask(id, cpu int) error {
	var mask [128]uint64 // 8192 CPUs, as many as Linux can have
	for i := range mask {
		if cpu < 0 {
			mask[i] = ^uint64(0)
		} else if i == cpu/64 {
			mask[i] = 1 << (cpu % 64)
		}
	}
	_, _, errno := syscall.Syscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(id), unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask)))
	if errno != 0 && errno != syscall.ESRCH {
		return fmt.Errorf("pin to CPU %d: %w", cpu, errno)
	}
	return nil
}
