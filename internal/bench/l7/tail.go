//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// otherCPU is where those stay who ask and answer, so that what they need does
// not depend on where they are. The proxies go where the system puts them.
const otherCPU = 1

// compareTail loads the origin itself and each proxy at half of what wye takes
// at most, in turn, and prints how much each proxy adds to the 99th percentile.
func compareTail(dir string, o *options) error {
	dir = filepath.Join(dir, "tail")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	origin, err := startOrigin(dir, otherCPU)
	if err != nil {
		return err
	}
	defer endAll([]*proxy{origin})
	ps, err := startAll(dir, o.wye, origin.addr)
	defer func() { endAll(ps) }()
	if err != nil {
		return err
	}
	full, err := fullLoad(ps[0].addr, o.time)
	if err != nil {
		return err
	}
	rate := o.rate
	if rate == 0 {
		rate = full / 2
	}
	targets := append([]*proxy{origin}, ps...)
	middles, tails := make([][]float64, len(targets)), make([][]float64, len(targets)) // ms, by round
	for round := range o.rounds {
		for k := range targets {
			i := (k + round) % len(targets)
			took, err := pace(targets[i].addr, rate, o.time)
			if err != nil {
				return fmt.Errorf("%s: %w", targets[i].name, err)
			}
			slices.Sort(took)
			middles[i] = append(middles[i], float64(took[len(took)/2].Microseconds())/1000)
			tails[i] = append(tails[i], float64(took[len(took)*99/100].Microseconds())/1000)
		}
	}
	fmt.Printf("\nat %.0f requests a second (wye takes %.0f at most), counted from when each was due: ms, median and p99, and what it adds to p99\n", rate, full)
	for i, p := range targets {
		var added []float64
		for round, ms := range tails[i] {
			added = append(added, ms-tails[0][round])
		}
		fmt.Printf("%-8s %24s %26s %26s\n", p.name, spread(middles[i], "%.2f"), spread(tails[i], "%.2f"), spread(added, "%.2f"))
	}
	return nil
}

// fullLoad is how many requests a second a proxy takes when wrk asks as much as
// it can.
func fullLoad(addr string, d time.Duration) (float64, error) {
	out, err := exec.Command("taskset", "-c", strconv.Itoa(otherCPU), "wrk", "-t1", "-c"+wrkConns, fmt.Sprintf("-d%.0fs", d.Seconds()), "http://"+addr+"/").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	m := requests.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk says: %s", out)
	}
	n, err := strconv.Atoi(string(m[1]))
	return float64(n) / d.Seconds(), err
}
