//go:build linux

package main

import (
	"fmt"
	"math"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// goals is the list of what wye is held to, with what was measured. A run
// does not fail by it: one noisy run proves nothing either way.
type goals struct{ table table }

func newGoals() *goals {
	return &goals{table{head: []string{"goal", "measured", "limit", ""}}}
}

func (g *goals) add(name, measured, limit string, met bool) {
	word := "met"
	if !met {
		word = "MISSED"
	}
	g.table.add(name, measured, limit, word)
}

func (g *goals) most(name string, s spread, limit float64) {
	if s.n > 0 {
		shown := math.Round(s.median*100) / 100 // what is printed is what is judged
		g.add(name, s.String(), fmt.Sprintf("at most %.2f", limit), shown <= limit)
	}
}

// noise is how far below PgBouncer's throughput a median may fall before it
// is called less, in front of a real database on a shared machine.
const noise = 0.05

// cells adds what the comparison is held to: CPU and tail latency in front of
// the canned server, throughput in front of PostgreSQL.
func (g *goals) cells(b *bench) {
	collected, seen := 0, false
	for _, c := range b.options.cells {
		ours, peer := b.samples[c.String()][wye], b.samples[c.String()][bouncer]
		for _, s := range ours {
			collected += s.GC
			seen = seen || s.good()
		}
		if !b.options.fake {
			if s := ratios(ours, peer, tpsOf); s.n > 0 {
				g.add("throughput to PgBouncer, "+c.String(), s.String(), fmt.Sprintf("at least 1, less %.2f for noise", noise), s.median >= 1-noise)
			}
			continue
		}
		g.most("CPU per query to PgBouncer, "+c.String(), ratios(ours, peer, cpuOf), cpuLimit(c))
		g.most("CPU per query to PgBouncer with splitting, "+c.String(), ratios(b.samples[c.String()][wyeSplit], peer, cpuOf), splitLimit)
		if s := extras(b.samples[c.String()][wyeShard], ours); s.n > 0 {
			g.add("CPU per query over the same without shards, us, "+c.String(), s.String(), fmt.Sprintf("at most %.1f", shardLimit), s.median <= shardLimit)
		}
		if c.clients == 32 && c.workload == "S" && c.protocol != load.Prepared {
			g.most("p99 to PgBouncer, "+c.String(), ratios(ours, peer, p99Of), 1.4)
		}
	}
	if b.options.fake && seen {
		g.add("garbage collections while measured", fmt.Sprint(collected), "0", collected == 0)
	}
}

// splitLimit is for every statement that a wye with replicas routes.
const splitLimit = 1.15

// shardLimit is what it may cost to find the shard of a statement that
// concerns one, in microseconds of CPU.
const shardLimit = 1.5

func cpuLimit(c cell) float64 {
	switch {
	case c.workload == "64k":
		return 0.8
	case c.protocol == load.Prepared:
		return 1.2
	default:
		return 1.15
	}
}

// visits adds what many clients are held to: the most that were measured, for
// in a few the process itself still shows.
func (g *goals) visits(all []visit) {
	most := 0
	for _, v := range all {
		most = max(most, v.clients)
	}
	for _, v := range all {
		if v.target != wye || v.err != nil || v.clients < most {
			continue
		}
		limit, line := 8.0, "plain"
		if v.secure {
			limit, line = 30, "TLS"
		}
		kib := v.bytes / 1024
		g.add(fmt.Sprintf("memory per idle client, %d %s", v.clients, line), fmt.Sprintf("%.1f KiB", kib), fmt.Sprintf("at most %.0f KiB", limit), kib <= limit)
		if !v.secure {
			per := v.login.Seconds() / float64(v.clients) * 10_000
			g.add(fmt.Sprintf("10 000 SCRAM logins (of %d)", v.clients), fmt.Sprintf("%.1f s", per), "at most 8 s", per <= 8)
		}
	}
}

// crawls adds what a slow reader is held to.
func (g *goals) crawls(all []crawl) {
	for _, c := range all {
		if c.target == wye && c.err == nil {
			mib := math.Round(float64(c.grown)/(1<<20)*100) / 100
			g.add(fmt.Sprintf("memory growth, %d MiB to a slow reader", c.bytes>>20), fmt.Sprintf("%.2f MiB", mib), "at most 1 MiB", mib <= 1)
		}
	}
}
