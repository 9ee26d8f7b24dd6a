//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/wyeproxy/wye/internal/bench/load"
	"github.com/wyeproxy/wye/protocol/auth"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	o, err := readOptions(os.Args[1:], os.Getenv)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = compare(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		cancel()
		os.Exit(1)
	}
}

// compare is the whole run: what it starts it stops, whatever happens.
func compare(ctx context.Context, o options, out, notes io.Writer) error {
	// The generator and the canned server wait in the kernel, each on a thread
	// of its own. With a slot for each, Go does not pass slots between them at
	// every wait; that was a quarter of their speed.
	runtime.GOMAXPROCS(max(4, runtime.NumCPU()))
	if err := roomForClients(); err != nil {
		return err
	}
	restore, err := weigh(o.nice)
	if err != nil {
		return err
	}
	defer restore()
	s, err := newStage(o)
	if s != nil {
		defer os.RemoveAll(s.dir)
	}
	if err != nil {
		return err
	}
	if o.wants("l4") {
		return s.compareL4(ctx, out, notes)
	}
	if slices.Contains(o.targets, bouncer) {
		if s.options.bouncer, s.version, err = findBouncer(o.bouncer); err != nil {
			return err
		}
	}
	began := time.Now()
	if o.fake {
		err = s.compareFake(ctx, out, notes)
	} else {
		err = s.compareReal(ctx, out, notes)
	}
	fmt.Fprintf(notes, "%.0f s in all\n", time.Since(began).Seconds())
	return err
}

// header says what was measured and how, above the tables.
func (s *stage) header(w io.Writer, server string) {
	o := s.options
	peer := "no PgBouncer"
	if s.version != "" {
		peer = "PgBouncer " + s.version
	}
	where := "on any CPU"
	if o.pin {
		where = "on CPU 0, all else on CPU 1"
	}
	fmt.Fprintf(w, "wye beside %s and %s; transaction mode, %d server conns, SCRAM, no TLS; proxies %s of %d.\n",
		server, peer, poolSize, where, runtime.NumCPU())
	if o.wants("cells") {
		fmt.Fprintf(w, "%d repetitions of %s per cell and target, order rotated; medians, with ratios taken within a repetition (range).\n\n", o.reps, o.time)
	}
}

// compareAll starts the proxies, measures all cells and prints the table.
func (s *stage) compareAll(ctx context.Context, b *bench, out io.Writer) error {
	cpu := -1
	if s.options.pin {
		cpu = 0
	}
	for _, name := range s.options.targets {
		t := target{name: name, load: s.target(s.server)}
		if name != direct {
			c, where, err := s.proxy(ctx, name, false, cpu)
			if err != nil {
				return err
			}
			defer c.stop()
			t.proxy, t.load = c, where
		}
		if err := b.ready(ctx, t); err != nil {
			return err
		}
		b.targets = append(b.targets, t)
	}
	if s.options.pin {
		if err := pinSelf(1); err != nil {
			return err
		}
	}
	err := b.run(ctx)
	if err != nil {
		fmt.Fprintf(out, "Not finished: %v\n", err)
	}
	if len(b.all) > 0 {
		b.print(out)
	}
	for _, t := range b.targets {
		if isWye(t.name) {
			t.proxy.complain(out)
		}
	}
	if s.options.json != "" {
		err = errors.Join(err, writeJSON(s.options.json, b.all))
	}
	return err
}

// target is where clients log in, with SCRAM keys derived once.
func (s *stage) target(addr string) load.Target {
	return load.Target{Addr: addr, Database: s.database, User: s.user, Credential: auth.PasswordCredential(s.password)}
}

func writeJSON(file string, all []sample) error {
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
