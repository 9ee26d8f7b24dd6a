//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// child is a proxy, a process of its own so that its CPU and memory are too.
type child struct {
	name   string
	cmd    *exec.Cmd
	log    string
	quit   syscall.Signal // at which it ends at once
	exited chan struct{}  // closed once it is reaped
}

// recipe is how a child is started.
type recipe struct {
	name string
	argv []string
	env  []string // over ours
	log  string   // file for its output
	quit syscall.Signal
	cpu  int // negative: any
	who  *syscall.Credential
}

// births is the thread that starts children: Linux kills a child when the
// thread that started it ends, and a child inherits that thread's CPUs.
var births = sync.OnceValue(func() chan<- func() {
	orders := make(chan func())
	go bear(orders)
	return orders
})

// bear lives as long as the process, so that its thread does.
func bear(orders <-chan func()) {
	runtime.LockOSThread()
	for f := range orders {
		f()
	}
}

// start starts the child in a process group of its own, so that a Ctrl-C
// reaches only us, and it dies if we do.
func (r recipe) start() (*child, error) {
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c := &child{name: r.name, cmd: exec.Command(r.argv[0], r.argv[1:]...), log: r.log, quit: r.quit, exited: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.Env = append(os.Environ(), r.env...)
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: r.who}
	failed := make(chan error, 1)
	births() <- func() { failed <- r.bear(c.cmd) }
	if err := <-failed; err != nil {
		return nil, fmt.Errorf("start %s: %w", r.name, err)
	}
	go func() {
		_ = c.cmd.Wait() // how it ended is in its log
		close(c.exited)
	}()
	return c, nil
}

func (r recipe) bear(cmd *exec.Cmd) error {
	if r.cpu < 0 {
		return cmd.Start()
	}
	if err := pinThread(r.cpu); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), pinThread(-1))
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// cpu is the time the child has used so far.
func (c *child) cpu() (time.Duration, error) {
	t, err := timesOf(c.pid())
	return t.own, err
}

// collections counts the garbage collections that GODEBUG=gctrace=1 logged,
// without those that the runtime forces when two minutes have passed.
func (c *child) collections() int {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return 0
	}
	n := 0
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("gc ")) && !bytes.Contains(line, []byte("(forced)")) {
			n++
		}
	}
	return n
}

// complain prints what the child logged beside collections: at the level it
// is started with, that is trouble.
func (c *child) complain(w io.Writer) {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return
	}
	const most = 10
	n := 0
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("gc ")) {
			continue
		}
		if n++; n == 1 {
			fmt.Fprintf(w, "\n%s complained:\n", c.name)
		}
		if n <= most {
			fmt.Fprintf(w, "    %s", line)
		}
	}
	if n > most {
		fmt.Fprintf(w, "    and %d lines more\n", n-most)
	}
}

// ready returns when the target behind the child lets a client in.
func (c *child) ready(ctx context.Context, t load.Target) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	for {
		conn, err := load.Dial(ctx, t)
		if err == nil {
			err = conn.Query("SELECT 1", nil)
			conn.Close()
		}
		if err == nil {
			return nil
		}
		select {
		case <-c.exited:
			return fmt.Errorf("%s ended; its log:\n%s", c.name, c.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s does not let us in: %w; its log ends:\n%s", c.name, err, c.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tail is the end of the child's log.
func (c *child) tail() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// stop ends the child and returns when it is gone.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(c.quit)
	select {
	case <-c.exited:
	case <-time.After(5 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.exited
	}
}

// unprivileged is whom a program that refuses root runs as, best first; nil
// when we are not root.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("pgbouncer refuses to run as root, and neither postgres nor nobody exists here")
}

// freePort is a loopback port below the range of outgoing connections.
func freePort() (int, error) {
	for range 200 {
		p := 20_000 + rand.IntN(12_000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p)); err == nil {
			return p, l.Close()
		}
	}
	return 0, errors.New("no free port from 20000 to 32000")
}
