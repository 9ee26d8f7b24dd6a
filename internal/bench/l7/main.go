//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// options come from flags.
type options struct {
	wye    string
	parts  []string
	rounds int
	time   time.Duration // that a proxy is loaded for, per round
	long   time.Duration // that growth is looked for
	rate   float64       // requests a second of the part p99; 0: half of wye's full load
}

var allParts = []string{"cost", "idle", "growth", "p99"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "l7:", err)
		os.Exit(1)
	}
}

func readOptions() (o options, err error) {
	parts := flag.String("parts", strings.Join(allParts, ","), "what to measure")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each is measured")
	flag.DurationVar(&o.time, "time", 4*time.Second, "how long each is loaded per round")
	flag.DurationVar(&o.long, "long", 60*time.Second, "how long growth is looked for")
	flag.Float64Var(&o.rate, "rate", 0, "requests a second of the part p99; 0 is half of wye's full load")
	flag.Parse()
	if flag.NArg() != 1 || o.rounds < 1 {
		return o, fmt.Errorf("usage: l7 [flags] path/to/wye")
	}
	o.wye, o.parts = flag.Arg(0), strings.Split(*parts, ",")
	for _, p := range o.parts {
		if !slices.Contains(allParts, p) {
			return o, fmt.Errorf("no part %q: %s", p, strings.Join(allParts, ","))
		}
	}
	return o, nil
}

func (o *options) has(part string) bool { return slices.Contains(o.parts, part) }

func run() error {
	o, err := readOptions()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wye-l7-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_ = http.Serve(origin, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 63))
		}))
	}()
	ps, err := startAll(dir, o.wye, origin.Addr().String())
	defer func() { endAll(ps) }()
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"cost", func() error { return compareCost(ps, &o) }},
		{"idle", func() error { return compareIdle(ps) }},
		{"growth", func() error { return lookForGrowth(ps[0], &o) }},
		{"p99", func() error { return compareTail(dir, &o) }},
	} {
		if !o.has(part.name) {
			continue
		}
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// spread writes the median and the range of what was measured.
func spread(v []float64, format string) string {
	return fmt.Sprintf(format+" ("+format+".."+format+")", median(v), slices.Min(v), slices.Max(v))
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
