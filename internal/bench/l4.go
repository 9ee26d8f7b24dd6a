//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// l4Cells are what a TCP proxy does: small messages on connections that stay,
// bytes in bulk, and connections of one message each. unit is what CPU is given
// per, limit how much of HAProxy's wye may use.
var l4Cells = []struct {
	name, mode string
	conns      int
	unit       string
	limit      float64
}{
	{"small messages, 16 connections", "echo", 16, "message", 1.3},
	{"bulk to 4 clients", "down", 4, "GB", 0.5},
	{"connections, 8 at a time", "conn", 8, "connection", 1.6},
}

// The targets of the part l4: HAProxy in TCP mode as it comes, and with the
// splicing that it can be told to do.
const (
	haproxy       = "haproxy"
	haproxySplice = "haproxy-splice"
)

// idleLimit is what an idle connection may cost wye, in bytes of its memory.
const idleLimit = 20 << 10

// compareL4 is the part l4: wye's TCP pools beside HAProxy, in front of a server
// of our own.
func (s *stage) compareL4(ctx context.Context, out, notes io.Writer) error {
	o, err := newOrigin()
	if err != nil {
		return err
	}
	defer o.close()
	cpu := -1
	if s.options.pin {
		cpu = 0
	}
	var targets []l4Target
	for _, name := range []string{haproxy, haproxySplice, wye} {
		t, err := s.startL4(ctx, name, o.addr, cpu)
		if err != nil {
			return err
		}
		defer t.proxy.stop()
		targets = append(targets, t)
	}
	if s.options.pin {
		if err := pinSelf(1); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "wye's TCP pools beside %s; CPU of the proxy's process; %d repetitions of %v, interleaved; medians, ratios within a repetition (range).\n\n",
		l4Version(), s.options.reps, s.options.time)
	shown := &table{head: []string{"workload", "target", "rate", "CPU us each", "of haproxy's CPU"}}
	goals := newGoals()
	for _, c := range l4Cells {
		found := map[string][]sample{}
		for rep := range s.options.reps {
			for k := range targets {
				t := targets[(rep+k)%len(targets)]
				got, err := s.shootL4(ctx, t, c.mode, c.conns)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", t.name, c.name, err)
				}
				got.Rep = rep
				found[t.name] = append(found[t.name], got)
				fmt.Fprintf(notes, "rep %d  %-32s %-14s %10.1f/s  cpu %8.1f us\n", rep+1, c.name, t.name, got.TPS, got.CPU)
			}
		}
		for _, t := range targets {
			shown.add(c.name, t.name, figures(found[t.name], tpsOf).format("%.1f ")+rateUnit(c.unit), figures(found[t.name], cpuOf).format("%.1f"),
				ratios(found[t.name], found[haproxy], cpuOf).String())
		}
		goals.most("CPU per "+c.unit+", of HAProxy's", ratios(found[wye], found[haproxy], cpuOf), c.limit)
	}
	for _, t := range targets {
		each, err := s.idleL4(ctx, t)
		if err != nil {
			return err
		}
		shown.add("memory per idle connection", t.name, fmt.Sprintf("%.1f KiB", each/1024), "", "")
		if t.name == wye {
			goals.add("memory per idle connection", fmt.Sprintf("%.1f KiB", each/1024), fmt.Sprintf("at most %d KiB", idleLimit>>10), each <= idleLimit)
		}
	}
	shown.print(out)
	fmt.Fprintln(out)
	goals.table.print(out)
	return nil
}

func l4Version() string {
	out, err := exec.Command("haproxy", "-v").Output()
	if err != nil {
		return "HAProxy"
	}
	var version string
	_, _ = fmt.Sscanf(string(out), "HAProxy version %s", &version)
	return "HAProxy " + version
}

// l4Target is a proxy and where it listens.
type l4Target struct {
	name, addr string
	proxy      *child
}

func (s *stage) startL4(ctx context.Context, name, origin string, cpu int) (l4Target, error) {
	port, err := freePort()
	if err != nil {
		return l4Target{}, err
	}
	t := l4Target{name: name, addr: fmt.Sprintf("127.0.0.1:%d", port)}
	file := s.path(name + ".conf")
	r := recipe{name: name, cpu: cpu, log: s.path(name + ".log")}
	text := ""
	switch name {
	case wye:
		text = fmt.Sprintf("process: {max_clients: 12000, log: {level: warn}}\nlisteners: [{name: main, kind: tcp, bind: %q, pool: p}]\npools: {p: {servers: [%q]}}\n", t.addr, origin)
		r.argv, r.quit = []string{s.options.wye, "run", file}, syscall.SIGQUIT
	default:
		splice := ""
		if name == haproxySplice {
			splice = "  option splice-auto\n"
		}
		text = fmt.Sprintf("global\n  maxconn 4000\n  nbthread 1\ndefaults\n  mode tcp\n%s  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n"+
			"listen main\n  bind %s\n  server s %s check\n", splice, t.addr, origin)
		r.argv, r.quit = []string{"haproxy", "-db", "-f", file}, syscall.SIGTERM
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return t, err
	}
	if t.proxy, err = r.start(); err != nil {
		return t, err
	}
	deadline := time.Now().Add(15 * time.Second)
	for {
		if err = l4Once(t.addr); err == nil {
			return t, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			t.proxy.stop()
			return t, fmt.Errorf("%s does not let us in: %w; its log ends:\n%s", name, err, t.proxy.tail())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// shootL4 measures one target.
func (s *stage) shootL4(ctx context.Context, t l4Target, mode string, conns int) (sample, error) {
	l, err := startL4Load(t.addr, mode, conns)
	if err != nil {
		return sample{}, err
	}
	defer l.stop()
	pause(ctx, s.options.warm)
	cpu, err := t.proxy.cpu()
	if err != nil {
		return sample{}, err
	}
	began, done := time.Now(), l.done.Load()
	pause(ctx, s.options.time)
	cpu2, err := t.proxy.cpu()
	took, n := time.Since(began).Seconds(), float64(l.done.Load()-done)
	if failed := l.failed.Load(); failed > 0 {
		return sample{}, fmt.Errorf("%d operations failed", failed)
	}
	if mode == "down" {
		n /= 1e9 // bytes
	}
	return sample{Target: t.name, TPS: n / took, CPU: float64((cpu2 - cpu).Microseconds()) / n}, err
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// idleL4 is the memory of one more connection that has said something once.
func (s *stage) idleL4(ctx context.Context, t l4Target) (float64, error) {
	n := min(s.options.idle, 2000)
	pause(ctx, s.options.settle)
	before, err := memory(t.proxy.pid(), "smaps_rollup", "Pss")
	if err != nil {
		return 0, err
	}
	var open l4Conns
	defer open.close()
	for range n {
		if err := open.add(t.addr); err != nil {
			return 0, err
		}
	}
	pause(ctx, s.options.settle)
	after, err := memory(t.proxy.pid(), "smaps_rollup", "Pss")
	return float64(after-before) / float64(n), err
}

func rateUnit(unit string) string {
	if unit == "GB" {
		return "GB/s"
	}
	return unit + "s/s"
}
