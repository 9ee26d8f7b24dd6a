//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/wyeproxy/wye/internal/bench/fakepg"
	"github.com/wyeproxy/wye/internal/bench/load"
	"github.com/wyeproxy/wye/protocol/auth"
)

// compareFake is FAKE=1: the proxies are the bottleneck, and their CPU per
// query is what is measured.
func (s *stage) compareFake(ctx context.Context, out, notes io.Writer) error {
	f, err := fakepg.Start()
	if err != nil {
		return err
	}
	defer f.Close()
	// Both shards are one server, by two names: a second one would take its own
	// share of the machine, and the comparison would be of that.
	s.shard = strings.Replace(f.Addr(fakepg.Primary), "127.0.0.1", "localhost", 1)
	s.server, s.replica = f.Addr(fakepg.Primary), f.Addr(fakepg.Replica)
	if s.verifier, err = auth.HashPassword(s.password, rand.Reader); err != nil {
		return err
	}
	b := &bench{
		options: s.options, notes: notes, refuse: s.refuse,
		before: func(context.Context, cell) error { return nil },
		rows: func() (int64, int64) {
			return f.Rows(fakepg.Primary), f.Rows(fakepg.Replica)
		},
		ready: func(ctx context.Context, t target) error {
			if t.name == wyeSplit {
				return awaitSplit(ctx, t.load, f)
			}
			return nil
		},
	}
	s.header(out, "a canned server")
	if err := s.compareAll(ctx, b, out); err != nil {
		return err
	}
	if n := f.Unknown(); n > 0 {
		fmt.Fprintf(out, "\nThe canned server got %d messages that it does not know: these figures are wrong.\n", n)
	}
	wrong := splitReport(b, out)
	g := newGoals()
	g.cells(b)
	fmt.Fprintln(out)
	g.table.print(out)
	return wrong
}

// refuse says why a target cannot run a cell.
func (s *stage) refuse(t target, c cell) string {
	if t.name == bouncer && c.protocol == load.Prepared && !s.followsPrepared() {
		return "PgBouncer " + s.version + " does not follow prepared statements in transaction mode (1.21 does)"
	}
	if t.name == wyeShard && c.workload != "S" {
		return "compared where a statement concerns one shard"
	}
	if t.name == wyeSplit && c.workload == "64k" {
		return "canned() is in no catalog: not a read"
	}
	return ""
}
