//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// target is one thing to compare.
type target struct {
	name  string
	load  load.Target
	proxy *child // nil: nothing stands between the load and the server
}

// sample is one measurement of one target in one cell.
type sample struct {
	Cell   string
	Target string
	Rep    int
	TPS    float64 // transactions a second
	P50    float64 // microseconds per transaction
	P99    float64
	CPU    float64 `json:"cpu_us"` // the proxy's, microseconds per statement; 0 without a proxy
	Cores  float64 // the proxy's CPU time by time
	GC     int     // the proxy's garbage collections while measured
	Others float64 // share of the machine's CPU used by processes that are not ours
	Stolen float64 // share that the hypervisor gave to somebody else
	// Statements that the canned server answered with rows, by role.
	AtPrimary, AtReplica int64
	Note                 string // errors, stalls; or why there are no figures
}

func (s sample) good() bool { return s.TPS > 0 }

// bench is one comparison.
type bench struct {
	options options
	targets []target
	refuse  func(target, cell) string // why a target cannot run a cell, or ""
	before  func(context.Context, cell) error
	ready   func(context.Context, target) error // before all cells
	rows    func() (atPrimary, atReplica int64) // of all targets so far
	notes   io.Writer                           // progress
	samples map[string]map[string][]sample      // by cell and target
	all     []sample
}

// run measures all cells. For each repetition and cell all targets run in
// turn, and the one that begins rotates.
func (b *bench) run(ctx context.Context) error {
	b.samples = map[string]map[string][]sample{}
	for rep := range b.options.reps {
		for i, c := range b.options.cells {
			for k := range b.targets {
				t := b.targets[(rep+i+k)%len(b.targets)]
				s, err := b.one(ctx, t, c)
				if err != nil {
					return err
				}
				s.Cell, s.Target, s.Rep = c.String(), t.name, rep
				if b.samples[s.Cell] == nil {
					b.samples[s.Cell] = map[string][]sample{}
				}
				b.samples[s.Cell][t.name] = append(b.samples[s.Cell][t.name], s)
				b.all = append(b.all, s)
				fmt.Fprintf(b.notes, "rep %d  %-16s %-10s %8.0f tps  p50 %6.0f  p99 %6.0f us  cpu %5.1f us  others %2.0f%%  %s\n",
					rep+1, s.Cell, s.Target, s.TPS, s.P50, s.P99, s.CPU, 100*s.Others, s.Note)
			}
		}
	}
	return nil
}

// one measures a target in a cell. A target that fails gets a note; the error
// is for what ends the whole run.
func (b *bench) one(ctx context.Context, t target, c cell) (sample, error) {
	if why := b.refuse(t, c); why != "" {
		return sample{Note: why}, nil
	}
	if err := b.before(ctx, c); err != nil {
		return sample{}, err
	}
	script, err := load.NewScript(b.options.scale, workloads[c.workload]...)
	if err != nil {
		return sample{}, err
	}
	own, m, err := familyMachine()
	if err != nil {
		return sample{}, err
	}
	var began, ended reading
	result, err := load.Run(ctx, load.Shot{
		Target: t.load, Script: script, Protocol: c.protocol, Clients: c.clients, Warm: b.options.warm, Time: b.options.time,
		Begin: func() { began = b.read(t) }, End: func() { ended = b.read(t) },
	})
	if ctx.Err() != nil {
		return sample{}, ctx.Err()
	}
	if err == nil {
		err = errors.Join(began.err, ended.err)
	}
	if err != nil {
		return sample{Note: err.Error()}, nil
	}
	s := summary(result, began, ended, script.Statements())
	own2, m2, err := familyMachine()
	if all := (m2.all - m.all).Seconds(); all > 0 {
		s.Others = max(0, (m2.busy-m.busy-own2+own).Seconds()/all)
		s.Stolen = (m2.stolen - m.stolen).Seconds() / all
	}
	return s, err
}

func familyMachine() (time.Duration, machineTimes, error) {
	m, err := machine()
	return familyTime(), m, err
}

// reading is what is read of a proxy at the beginning and the end.
type reading struct {
	cpu                  time.Duration
	gc                   int
	atPrimary, atReplica int64
	err                  error
}

func (b *bench) read(t target) (r reading) {
	r.atPrimary, r.atReplica = b.rows()
	if t.proxy != nil {
		r.cpu, r.err = t.proxy.cpu()
		r.gc = t.proxy.collections()
	}
	return r
}

func summary(r load.Result, began, ended reading, statements int) sample {
	seconds := r.Elapsed.Seconds()
	cpu := (ended.cpu - began.cpu).Seconds()
	s := sample{
		TPS: float64(r.Transactions) / seconds, Cores: cpu / seconds, GC: ended.gc - began.gc,
		AtPrimary: ended.atPrimary - began.atPrimary, AtReplica: ended.atReplica - began.atReplica,
		P50: float64(quantile(r.Latencies, .5)), P99: float64(quantile(r.Latencies, .99)),
	}
	if r.Transactions > 0 {
		s.CPU = cpu * 1e6 / float64(r.Transactions*statements)
	} else {
		s.Note = "no transaction ended in time"
	}
	if r.Stalled > 0 {
		s.Note = fmt.Sprintf("%d clients got no answer", r.Stalled)
	}
	if r.Errors > 0 {
		s.Note = fmt.Sprintf("%d errors: %s", r.Errors, r.FirstError)
	}
	return s
}
