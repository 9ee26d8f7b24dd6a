package testpg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is one running postmaster, reaped by a goroutine of its own.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once it is reaped; cmd.ProcessState is valid then
}

// spawn starts a postmaster in its own process group, so that a Ctrl-C at the
// terminal reaches only us. Its output goes to the log file.
func spawn(cmd *exec.Cmd, who account, log *os.File) (*process, error) {
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = mortalAttr()
	cmd.SysProcAttr.Credential = who.credential()
	cmd.Env = cleanEnv()
	if err := startMortal(cmd); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go p.reap()
	return p, nil
}

func (p *process) reap() {
	_ = p.cmd.Wait() // a killed server is no news
	close(p.exited)
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *process) running() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// cleanEnv is our environment without what changes PostgreSQL's behaviour:
// PGDATA, PGOPTIONS and the like, and the language of messages.
func cleanEnv() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "PG") && !strings.HasPrefix(kv, "LC_") && !strings.HasPrefix(kv, "TZ=") {
			env = append(env, kv)
		}
	}
	return env
}

// serversOf lists the processes of the servers whose data folder, as -D states
// it, begins with dir or, for the children, whose cluster_name ends in the tag.
// A postmaster's
// children lead sessions of their own, so no process group names them all,
// and /proc/PID/cwd is closed to a container's root; titles are open to all.
func serversOf(dir, tag string) []int {
	var pids []int
	for pid, args := range processes() {
		first, _, _ := strings.Cut(args, " ")
		child := strings.HasPrefix(args, "postgres: ") && strings.Contains(args, tag+": ")
		parent := filepath.Base(first) == "postgres" && strings.Contains(args, "-D "+dir)
		if child || parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killAll kills every process that serversOf names and returns when they are
// gone, or after ten seconds of trying. It repeats until nothing is left: a postmaster that is not stopped
// could fork between the listing and the killing.
func killAll(dir, tag string) {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		pids := serversOf(dir, tag)
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// signalAll signals a postmaster first and its children after it.
func signalAll(p *process, dir, tag string, s syscall.Signal) {
	p.signal(s)
	for _, pid := range serversOf(dir, tag) {
		if pid != p.cmd.Process.Pid {
			_ = syscall.Kill(pid, s)
		}
	}
}
