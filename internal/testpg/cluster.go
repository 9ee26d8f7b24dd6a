package testpg

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"crypto/rand"
)

// Cluster is one primary and its streaming replicas; boot several for shards.
// Its fields do not change after Boot, whatever is promoted or killed. Safe
// for concurrent use.
type Cluster struct {
	Name     string
	Database string
	Version  string // of PostgreSQL: "15.18"
	Primary  *Node  // the one that began as primary
	Replicas []*Node
	CAFile   string        // PEM, readable by all; empty without Options.TLS
	LogDir   string        // one file per server
	BootTime time.Duration // from the call of Boot to all replicas streaming

	lair      *lair
	programs  Programs
	account   account
	options   Options
	authority *authority
	passwords map[string]string
	closeOnce sync.Once
	closeErr  error
}

// Boot starts a cluster and returns when the primary takes writes and each
// replica streams and has replayed all of the setup. ctx bounds the boot
// only. The caller must Close; a process that dies instead takes its servers
// along, and the next Boot removes the folder.
func Boot(ctx context.Context, o Options) (*Cluster, error) {
	began := time.Now()
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	progs, err := Find()
	if err != nil {
		return nil, err
	}
	c, err := claim(o, progs)
	if err != nil {
		return nil, err
	}
	if err := c.boot(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cluster %s: %w", o.Name, err), c.Close())
	}
	c.BootTime = time.Since(began)
	return c, record(progs.Version, o.Name)
}

// claim sweeps, takes a lair and describes the cluster to be.
func claim(o Options, progs Programs) (*Cluster, error) {
	who, err := findAccount()
	if err != nil {
		return nil, err
	}
	den, err := den()
	if err != nil {
		return nil, err
	}
	l, err := newLair(den)
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Name: o.Name, Database: o.Database, Version: progs.Version, LogDir: o.LogDir,
		lair: l, programs: progs, account: who, options: o,
		passwords: map[string]string{Superuser: randomHex(16)},
	}
	for _, u := range o.Users {
		c.passwords[u.Name] = u.Password
	}
	if c.LogDir == "" {
		c.LogDir = filepath.Join(l.dir, "log")
	}
	c.Primary = newNode(c, "primary")
	for i := range o.Replicas {
		c.Replicas = append(c.Replicas, newNode(c, fmt.Sprintf("r%d", i+1)))
	}
	return c, nil
}

func (c *Cluster) boot(ctx context.Context) error {
	if err := c.furnish(); err != nil {
		return err
	}
	if err := each(c.Nodes(), (*Node).copyTemplate); err != nil {
		return err
	}
	if err := c.Primary.configure(nil); err != nil {
		return err
	}
	if err := c.Primary.firstStart(ctx); err != nil {
		return err
	}
	if err := c.setUp(ctx); err != nil {
		return err
	}
	return each(c.Replicas, func(n *Node) error {
		if err := n.configure(c.Primary); err != nil {
			return err
		}
		if err := n.firstStart(ctx); err != nil {
			return err
		}
		return n.WaitCaughtUp(ctx, c.Primary)
	})
}

// furnish makes what the servers share: sockets, logs, certificates, and the
// template they are copied from.
func (c *Cluster) furnish() error {
	if err := c.account.mkdir(c.socketDir()); err != nil {
		return err
	}
	if err := os.MkdirAll(c.LogDir, 0o755); err != nil {
		return err
	}
	if c.options.TLS {
		a, err := newAuthority(c.Name)
		if err != nil {
			return err
		}
		c.authority, c.CAFile = a, filepath.Join(c.lair.dir, "ca.crt")
		if err := os.WriteFile(c.CAFile, a.pem, 0o644); err != nil {
			return err
		}
	}
	from, err := template(filepath.Dir(c.lair.dir), c.programs, c.account)
	if err != nil {
		return fmt.Errorf("make the template: %w", err)
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails since Go 1.24
	for _, n := range c.Nodes() {
		n.template, n.identity = from, binary.NativeEndian.Uint64(id)>>1|1 // shown as a signed number
	}
	return nil
}

func (c *Cluster) setUp(ctx context.Context) error {
	super := c.passwords[Superuser]
	if err := c.Primary.execIn(ctx, "postgres", c.options.setupSQL(super)...); err != nil {
		return err
	}
	return c.Primary.execIn(ctx, c.Database, c.options.grantSQL()...)
}

func (c *Cluster) socketDir() string { return filepath.Join(c.lair.dir, "sock") }

// Nodes returns the primary and the replicas, in this order.
func (c *Cluster) Nodes() []*Node { return append([]*Node{c.Primary}, c.Replicas...) }

// IssueClientCert returns a PEM certificate and key that the servers accept
// where an HBA line asks for method cert; name is the role. Only with TLS.
func (c *Cluster) IssueClientCert(name string) (certPEM, keyPEM []byte, err error) {
	if c.authority == nil {
		return nil, nil, fmt.Errorf("cluster %s was booted without TLS", c.Name)
	}
	return c.authority.issue(name, false)
}

// Close stops every server without ceremony and removes the cluster's
// folder. Calling it again returns the first answer.
func (c *Cluster) Close() error {
	c.closeOnce.Do(func() {
		_ = each(c.Nodes(), func(n *Node) error { n.dismiss(); return nil })
		c.closeErr = c.lair.abandon()
	})
	return c.closeErr
}

// each runs f for all nodes at once and joins the errors.
func each(nodes []*Node, f func(*Node) error) error {
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { errs[i] = f(n) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
