package testpg

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// life is the part of a Node that changes: which postmaster runs, if any.
type life struct {
	moving sync.Mutex // held by whoever starts or stops the server
	mu     sync.Mutex
	proc   *process // nil or exited: not running
}

func (l *life) current() *process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proc
}

func (n *Node) copyTemplate() error {
	if err := copyTree(n.template, n.dataDir, n.cluster.account); err != nil {
		return fmt.Errorf("copy the template: %w", err)
	}
	return newIdentity(n.dataDir, n.identity)
}

// configure writes the server's files; upstream nil makes it a primary.
func (n *Node) configure(upstream *Node) error {
	c, own := n.cluster, map[string]string{
		"cluster_name":            n.ClusterName(),
		"unix_socket_directories": n.SocketDir(),
	}
	if upstream != nil {
		own["primary_conninfo"] = n.conninfo(upstream)
		if err := c.account.write(n.file("standby.signal"), nil, 0o600); err != nil {
			return err
		}
	}
	if c.authority != nil {
		tls, err := n.certify()
		if err != nil {
			return err
		}
		maps.Copy(own, tls)
	}
	conf, err := os.OpenFile(n.file("postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := conf.Write(c.options.conf(own)); err != nil {
		conf.Close()
		return err
	}
	if err := conf.Close(); err != nil {
		return err
	}
	return c.account.write(n.file("pg_hba.conf"), c.options.hba(), 0o600)
}

func (n *Node) conninfo(upstream *Node) string {
	return fmt.Sprintf("host=%s port=%d user=%s application_name=%s", upstream.SocketDir(), upstream.port, Superuser, n.Name)
}

func (n *Node) certify() (map[string]string, error) {
	cert, key, err := n.cluster.authority.issue(n.ClusterName(), true)
	if err != nil {
		return nil, err
	}
	if err := n.cluster.account.write(n.file("server.crt"), cert, 0o600); err != nil {
		return nil, err
	}
	if err := n.cluster.account.write(n.file("server.key"), key, 0o600); err != nil {
		return nil, err
	}
	return map[string]string{"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key", "ssl_ca_file": n.cluster.CAFile}, nil
}

func (n *Node) file(name string) string { return filepath.Join(n.dataDir, name) }

// firstStart chooses the port. Between our look at a port and the server's
// bind another process may take it; then the server says so and exits.
func (n *Node) firstStart(ctx context.Context) error {
	n.moving.Lock()
	defer n.moving.Unlock()
	for try := 1; ; try++ {
		port, err := freePort()
		if err != nil {
			return err
		}
		n.port = port
		err = n.start(ctx)
		if err == nil || try == 5 || !strings.Contains(n.Log(), "could not bind") {
			return err
		}
		returnPort(port)
	}
}

// start runs the postmaster and waits until it accepts connections. The
// caller holds moving.
func (n *Node) start(ctx context.Context) error {
	log, err := os.OpenFile(n.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	// -D first: serversOf looks for the folder followed by another argument.
	cmd := exec.Command(n.cluster.programs.path("postgres"), "-D", n.dataDir, "-p", strconv.Itoa(n.port))
	cmd.Dir = n.dataDir
	p, err := spawn(cmd, n.cluster.account, log)
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	n.mu.Lock()
	n.proc = p
	n.mu.Unlock()
	return n.WaitReady(ctx)
}

// A ShutdownMode is one of PostgreSQL's three ways to stop a server.
type ShutdownMode syscall.Signal

// The modes, by the signal each is asked for with (pg_ctl's documentation).
const (
	Smart     = ShutdownMode(syscall.SIGTERM) // waits until all clients left
	Fast      = ShutdownMode(syscall.SIGINT)  // ends all sessions with 57P01, then checkpoints
	Immediate = ShutdownMode(syscall.SIGQUIT) // ends all sessions with 57P02; recovers at the next start
)

// Shutdown asks the server to stop and waits until it has. A server that does
// not run is no error.
func (n *Node) Shutdown(ctx context.Context, mode ShutdownMode) error {
	n.moving.Lock()
	defer n.moving.Unlock()
	return n.shutdown(ctx, mode)
}

func (n *Node) shutdown(ctx context.Context, mode ShutdownMode) error {
	p := n.current()
	if p == nil {
		return nil
	}
	p.signal(syscall.Signal(mode))
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("shut down %s: %w", n.Name, ctx.Err())
	}
}

// Restart stops the server if it runs and starts it again, same port, same
// role: a promoted replica stays a primary.
func (n *Node) Restart(ctx context.Context) error {
	n.moving.Lock()
	defer n.moving.Unlock()
	if err := n.shutdown(ctx, Fast); err != nil {
		return err
	}
	for {
		err := n.start(ctx)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), stillAttached) {
			return err
		}
		killAll(n.dataDir+" ", n.ClusterName())
		time.Sleep(50 * time.Millisecond)
	}
}

// stillAttached is what a postmaster says while a process of its killed
// predecessor has not quite ended.
const stillAttached = "pre-existing shared memory block"

// Kill ends the postmaster and all its children with SIGKILL, as the kernel's
// out-of-memory killer or a dying machine would, and returns when they are
// gone. Clients see their connections reset without a word.
func (n *Node) Kill() {
	n.moving.Lock()
	defer n.moving.Unlock()
	if p := n.current(); p != nil {
		p.signal(syscall.SIGSTOP) // so that it forks nothing more and cannot tell its children to say goodbye
		killAll(n.dataDir+" ", n.ClusterName())
		<-p.exited
	}
}

// Stop freezes all processes of the server with SIGSTOP: connections stay
// open and nothing answers, as when a machine hangs. Cont thaws them.
func (n *Node) Stop() { n.signalAll(syscall.SIGSTOP) }

// Cont ends Stop.
func (n *Node) Cont() { n.signalAll(syscall.SIGCONT) }

func (n *Node) signalAll(s syscall.Signal) {
	n.moving.Lock()
	defer n.moving.Unlock()
	if p := n.current(); p != nil && p.running() {
		signalAll(p, n.dataDir+" ", n.ClusterName(), s)
	}
}

// Promote makes a replica a primary and returns when it takes writes.
func (n *Node) Promote(ctx context.Context) error {
	v, err := n.valueIn(ctx, "postgres", "SELECT pg_promote(true, 60)")
	if err == nil && v != "t" {
		err = fmt.Errorf("%s was not promoted within 60 s", n.Name)
	}
	return err
}

// Follow makes a running replica stream from another primary, after that one
// was promoted, and returns when it does.
func (n *Node) Follow(ctx context.Context, primary *Node) error {
	err := n.execIn(ctx, "postgres",
		"ALTER SYSTEM SET primary_conninfo = "+literal(n.conninfo(primary)), "SELECT pg_reload_conf()")
	if err != nil {
		return err
	}
	return n.WaitCaughtUp(ctx, primary)
}

// dismiss stops the server for good. An immediate shutdown is as quick as a
// kill and lets the postmaster remove its shared memory; a frozen or stuck
// one is killed.
func (n *Node) dismiss() {
	n.moving.Lock()
	defer n.moving.Unlock()
	defer returnPort(n.port)
	p := n.current()
	if p == nil || !p.running() {
		return
	}
	p.signal(syscall.SIGQUIT)
	signalAll(p, n.dataDir+" ", n.ClusterName(), syscall.SIGCONT) // a frozen child would never hear of it
	select {
	case <-p.exited:
	case <-time.After(3 * time.Second):
		killAll(n.dataDir+" ", n.ClusterName())
		<-p.exited
	}
}
