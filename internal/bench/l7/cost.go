//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// wrkConns are the keep-alive conns of the load.
const wrkConns = "64"

// compareCost loads all proxies in turn, as much as they take.
func compareCost(ps []*proxy, o *options) error {
	for round := range o.rounds {
		for i := range ps {
			if err := ps[(i+round)%len(ps)].measure(o.time); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%-8s %30s %12s %28s\n", "proxy", "CPU us/request med (min..max)", "of nginx's", "requests a second")
	for _, p := range ps {
		var ratios []float64
		for i, c := range p.cost {
			ratios = append(ratios, c/ps[1].cost[i])
		}
		fmt.Printf("%-8s %30s %22s %28s\n", p.name, spread(p.cost, "%.1f"), spread(ratios, "%.2f"), spread(p.rate, "%.0f"))
	}
	return nil
}

var requests = regexp.MustCompile(`(\d+) requests in`)

func (p *proxy) measure(d time.Duration) error {
	before, err := cpu(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	began := time.Now()
	n, err := p.load(d)
	if err != nil {
		return err
	}
	took := time.Since(began)
	after, err := cpu(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	p.rate = append(p.rate, float64(n)/took.Seconds())
	p.cost = append(p.cost, float64((after-before).Microseconds())/float64(n))
	return nil
}

// load has wrk ask as much as it can, and returns how many requests that were.
func (p *proxy) load(d time.Duration) (int, error) {
	out, err := exec.Command("wrk", "-t1", "-c"+wrkConns, fmt.Sprintf("-d%.0fs", d.Seconds()), "http://"+p.addr+"/").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("wrk: %w: %s", err, out)
	}
	m := requests.FindSubmatch(out)
	if m == nil || strings.Contains(string(out), "Non-2xx") || strings.Contains(string(out), "Socket errors") {
		return 0, fmt.Errorf("wrk of %s says: %s", p.name, out)
	}
	return strconv.Atoi(string(m[1]))
}

// cpu is what the kernel has counted for a process, user and system.
func cpu(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond, nil // USER_HZ is 100
}
