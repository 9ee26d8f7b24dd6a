//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/internal/testpg"
)

// compareReal is the default: a PostgreSQL of our own with pgbench's tables.
func (s *stage) compareReal(ctx context.Context, out, notes io.Writer) (err error) {
	fmt.Fprintln(notes, "booting PostgreSQL and filling pgbench's tables")
	c, err := s.boot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	s.header(out, "PostgreSQL "+c.Version)
	g := newGoals()
	if s.options.wants("cells") {
		b := &bench{
			options: s.options, notes: notes, refuse: s.refuse, ready: func(context.Context, target) error { return nil },
			rows:   func() (int64, int64) { return 0, 0 },
			before: func(ctx context.Context, cl cell) error { return s.tidy(ctx, c, cl) },
		}
		if err := s.compareAll(ctx, b, out); err != nil {
			return err
		}
		g.cells(b)
	}
	if s.options.wants("idle") {
		fmt.Fprintln(notes, "logins and idle clients")
		v := s.visits(ctx, s.options.targets)
		fmt.Fprintln(out)
		visitTable(v).print(out)
		g.visits(v)
	}
	if s.options.wants("slow") {
		fmt.Fprintln(notes, "a large result to a slow reader")
		v := s.crawls(ctx, s.options.targets)
		fmt.Fprintln(out)
		crawlTable(v).print(out)
		g.crawls(v)
	}
	fmt.Fprintln(out)
	g.table.print(out)
	return ctx.Err()
}

// boot starts a cluster whose tables fit into its memory, and fills them.
func (s *stage) boot(ctx context.Context) (*testpg.Cluster, error) {
	most := 0
	for _, c := range s.options.cells {
		most = max(most, c.clients)
	}
	c, err := testpg.Boot(ctx, testpg.Options{
		Name: "bench", Database: s.database, Users: []testpg.User{{Name: s.user, Password: s.password}},
		Settings: map[string]string{
			"shared_buffers":  "512MB",
			"max_connections": strconv.Itoa(most + 4*poolSize + 20),
		},
	})
	if err != nil {
		return nil, err
	}
	s.server = c.Primary.Addr()
	err = s.fill(ctx, c)
	if err == nil {
		s.verifier, err = c.Primary.Value(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = '"+s.user+"'")
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// pgbench lies beside the server's programs; their folder may hold links to
// some of them only.
func pgbench() (string, error) {
	p, err := testpg.Find()
	if err != nil {
		return "", err
	}
	dirs := []string{p.Dir}
	if real, err := filepath.EvalSymlinks(filepath.Join(p.Dir, "postgres")); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	for _, d := range dirs {
		if program, err := exec.LookPath(filepath.Join(d, "pgbench")); err == nil {
			return program, nil
		}
	}
	return exec.LookPath("pgbench")
}

// fill runs pgbench -i.
func (s *stage) fill(ctx context.Context, c *testpg.Cluster) error {
	program, err := pgbench()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "-i", "-q", "-s", strconv.Itoa(s.options.scale), c.Primary.URL(s.user, s.database))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgbench -i: %w: %s", err, strings.TrimSpace(string(text)))
	}
	return nil
}

// tidy does before a tpcb cell what pgbench does before its run: small tables
// that are all dead rows would make the last target the slowest.
func (s *stage) tidy(ctx context.Context, c *testpg.Cluster, cl cell) error {
	if cl.workload != "tpcb" {
		return nil
	}
	for _, sql := range []string{"VACUUM pgbench_branches", "VACUUM pgbench_tellers", "TRUNCATE pgbench_history"} {
		if err := c.Primary.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}
