package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// exitNoPostgres says that this machine has no PostgreSQL programs.
const exitNoPostgres = 3

// demoOptions are the flags of `wye demo`.
type demoOptions struct {
	once, json, verbose bool
}

func parseDemo(args []string, errs io.Writer) (o demoOptions, ok bool) {
	f := flag.NewFlagSet("wye demo", flag.ContinueOnError)
	f.SetOutput(errs)
	f.BoolVar(&o.once, "once", false, "end after the tour: 0 when every step holds, else 1")
	f.BoolVar(&o.json, "json", false, "print one JSON object instead of text")
	f.BoolVar(&o.verbose, "verbose", false, "show wye's own log on standard error")
	if f.Parse(args) != nil {
		return o, false
	}
	if f.NArg() > 0 {
		fmt.Fprintf(errs, "wye demo takes no argument: %q\n", f.Arg(0))
		return o, false
	}
	return o, true
}

// runDemo is `wye demo`: a throw-away cluster, wye in front of it, and a tour
// that measures what it shows.
func runDemo(args []string, out, errs io.Writer) int {
	o, ok := parseDemo(args, errs)
	if !ok {
		return exitUsage
	}
	if _, err := testpg.Find(); err != nil {
		fmt.Fprintln(errs, "wye demo:", err)
		if errors.Is(err, testpg.ErrNoPrograms) {
			return exitNoPostgres
		}
		return exitFailed
	}
	forgetLibpq()
	ctx, stop := untilTold()
	defer stop()
	err := demo(ctx, o, newDemoPrinter(out, o.json, stop), errs)
	if err != nil {
		fmt.Fprintln(errs, "wye demo:", err)
		return exitFailed
	}
	return exitOK
}

// forgetLibpq drops PGOPTIONS, PGSSLMODE and the like, which our own clients
// would follow too.
func forgetLibpq() {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "PG") {
			_ = os.Unsetenv(name) // fails on an empty name only
		}
	}
}

// untilTold returns a context that ends when the process is asked to go. A
// broken pipe at standard output must not kill it before it has cleaned up.
func untilTold() (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	return signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
}

var errInterrupted = errors.New("interrupted")

// demo runs the tour and, unless it is to run once, stays up until ctx ends.
func demo(ctx context.Context, o demoOptions, p *demoPrinter, errs io.Writer) (err error) {
	began := time.Now()
	r, err := startRig(ctx, rigLog(o, errs))
	switch {
	case err != nil && ctx.Err() != nil:
		return interrupted(o)
	case err != nil:
		return err
	}
	defer func() {
		p.goodbye(r, o.once)
		err = errors.Join(err, r.close())
	}()
	p.rig(r)
	t := takeTour(ctx, r, p, began)
	if ctx.Err() != nil && !t.finished() {
		return interrupted(o)
	}
	p.tour(r, t, o.once)
	if !o.once {
		<-ctx.Done()
	}
	return t.failure()
}

// interrupted is what a demo ends with that was told to go before its tour
// was over: a fault only where the tour was all there was to do.
func interrupted(o demoOptions) error {
	if o.once {
		return errInterrupted
	}
	return nil
}
