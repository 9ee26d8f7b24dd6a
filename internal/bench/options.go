//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options come from flags, and from environment variables of the same name in
// capitals: `make bench FAKE=1 REPS=3`.
type options struct {
	time    time.Duration // measured, per cell, target and repetition
	reps    int
	cells   []cell
	targets []string
	parts   []string
	short   bool
	fake    bool
	pin     bool
	scale   int
	idle    int   // clients of the login measurement; a tenth of it is measured first
	bytes   int64 // of the result for the slow reader
	nice    int
	wye     string
	bouncer string
	json    string

	warm   time.Duration // before each measurement
	settle time.Duration // how long memory may go on moving after the last query
}

var (
	allTargets  = []string{direct, bouncer, wye, wyeSplit, wyeCache, wyeCacheIdle, wyeShard}
	realTargets = allTargets[:3]
	allParts    = []string{"cells", "idle", "slow", "l4"} // l4 stands alone
)

// readOptions reads args over the environment over the defaults.
func readOptions(args []string, env func(string) string) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.BoolVar(&o.short, "short", env("SHORT") != "" && env("SHORT") != "0", "a run of two minutes instead of ten")
	f.BoolVar(&o.fake, "fake", env("FAKE") != "" && env("FAKE") != "0", "a canned server instead of PostgreSQL: CPU per query of the proxies, pinned")
	pin := f.Bool("pin", env("PIN") != "0", "with -fake: proxies on one CPU, all else on another")
	seconds := f.String("time", env("TIME"), "measured time per cell, target and repetition: seconds, or 1500ms")
	reps := f.String("reps", env("REPS"), "repetitions")
	cells := f.String("cells", env("CELLS"), "workload:protocol:clients, separated by commas")
	targets := f.String("targets", env("TARGETS"), "some of "+strings.Join(allTargets, ","))
	parts := f.String("parts", env("PARTS"), "some of "+strings.Join(allParts, ","))
	f.IntVar(&o.scale, "scale", 10, "pgbench's scale")
	nice := f.String("nice", env("NICE"), "niceness of everything this run starts, where the kernel groups sessions; restored at the end")
	f.StringVar(&o.wye, "wye", "bin/wye", "the program to measure")
	f.StringVar(&o.bouncer, "pgbouncer", env("PGBOUNCER"), "PgBouncer's program; looked up when empty")
	f.StringVar(&o.json, "json", env("JSON"), "write every single measurement to this file")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	alone := *parts == "l4"
	o.pin = *pin && (o.fake || alone) && runtime.NumCPU() > 1
	o.defaults()
	if alone && !o.short {
		o.time, o.reps = 2*time.Second, 5
	}
	return o, o.read(*seconds, *reps, *nice, *cells, *targets, *parts)
}

// defaults are sized for two minutes with -short and ten without.
func (o *options) defaults() {
	o.idle, o.bytes, o.warm, o.settle = 10_000, 1<<30, 300*time.Millisecond, time.Second
	switch {
	case o.fake && o.short:
		o.time, o.reps = time.Second, 3
	case o.fake:
		o.time, o.reps = 1500*time.Millisecond, 5
	case o.short:
		o.time, o.reps = time.Second, 2
		o.idle, o.bytes = 2000, 256<<20
	default:
		o.time, o.reps = 3*time.Second, 3
	}
	o.targets, o.parts = realTargets, allParts[:3]
	if o.fake {
		o.targets, o.parts = allTargets[:4], allParts[:1] // the others when asked for
	}
}

func (o *options) read(seconds, reps, nice, cells, targets, parts string) (err error) {
	if seconds != "" {
		if o.time, err = duration(seconds); err != nil {
			return err
		}
	}
	if reps != "" {
		if o.reps, err = strconv.Atoi(reps); err != nil || o.reps < 1 {
			return fmt.Errorf("reps %q: want a number from 1", reps)
		}
	}
	if nice != "" {
		if o.nice, err = strconv.Atoi(nice); err != nil || o.nice < -20 || o.nice > 19 {
			return fmt.Errorf("nice %q: want -20 to 19", nice)
		}
	}
	if cells == "" {
		cells = map[[2]bool]string{{}: realCells, {false, true}: shortRealCells, {true, false}: fakeCells, {true, true}: shortFakeCells}[[2]bool{o.fake, o.short}]
	}
	if o.cells, err = parseCells(cells, o.fake); err != nil {
		return err
	}
	if o.targets, err = choose("targets", targets, allTargets, o.targets); err != nil {
		return err
	}
	if o.parts, err = choose("parts", parts, allParts, o.parts); err != nil {
		return err
	}
	if o.wants("l4") && (o.fake || len(o.parts) > 1) {
		return fmt.Errorf("parts %s: l4 is measured alone, without FAKE=1", parts)
	}
	if o.fake && len(o.parts) > 1 {
		return fmt.Errorf("parts %s: FAKE=1 measures cells only", parts)
	}
	for _, t := range []string{wyeSplit, wyeShard} {
		if !o.fake && slices.Contains(o.targets, t) {
			return fmt.Errorf("targets %s: %s is measured with FAKE=1 only", targets, t)
		}
	}
	_, err = os.Stat(o.wye)
	if slices.ContainsFunc(o.targets, isWye) && err != nil {
		return fmt.Errorf("%w (make build)", err)
	}
	return nil
}

// isWye tells wye's targets from others.
func isWye(target string) bool {
	return target == wye || target == wyeSplit || target == wyeShard || target == wyeCache || target == wyeCacheIdle
}

func duration(s string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		s = strconv.FormatFloat(n, 'f', -1, 64) + "s"
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("time %q: want seconds, or a duration like 1500ms", s)
	}
	return d, nil
}

// choose reads a list of words out of all; none is the default.
func choose(what, text string, all, otherwise []string) ([]string, error) {
	if text == "" {
		return otherwise, nil
	}
	words := strings.Split(text, ",")
	for _, w := range words {
		if !slices.Contains(all, w) {
			return nil, fmt.Errorf("%s %q: want some of %s", what, w, strings.Join(all, ","))
		}
	}
	return words, nil
}

func (o *options) wants(part string) bool { return slices.Contains(o.parts, part) }
