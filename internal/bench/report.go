//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
)

// table is a Markdown table with aligned columns.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(row ...string) { t.rows = append(t.rows, row) }

func (t *table) print(w io.Writer) {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, s := range row {
			width[i] = max(width[i], len([]rune(s)))
		}
	}
	line := func(row []string) {
		var b strings.Builder
		for i, s := range row {
			b.WriteString("| " + s + strings.Repeat(" ", width[i]-len([]rune(s))) + " ")
		}
		fmt.Fprintln(w, b.String()+"|")
	}
	line(t.head)
	rule := make([]string, len(width))
	for i, n := range width {
		rule[i] = strings.Repeat("-", n)
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
}

// Figures by name, so that columns and goals read the same.
func tpsOf(s sample) float64   { return s.TPS }
func p50Of(s sample) float64   { return s.P50 }
func p99Of(s sample) float64   { return s.P99 }
func cpuOf(s sample) float64   { return s.CPU }
func coresOf(s sample) float64 { return s.Cores }

// print is the comparison: one line per cell and target.
func (b *bench) print(w io.Writer) {
	t := table{head: []string{"cell", "target", "tps", "to direct", "to pgbouncer", "p50 us", "p99 us", "p99 to pgbouncer",
		"CPU us/query", "CPU to pgbouncer", "cores", "GC", "note"}}
	for _, c := range b.options.cells {
		in := b.samples[c.String()]
		for _, tg := range b.targets {
			t.rows = append(t.rows, b.row(c.String(), tg, in[tg.name], in[direct], in[bouncer]))
		}
	}
	t.print(w)
	others := figures(b.all, func(s sample) float64 { return 100 * s.Others })
	stolen := figures(b.all, func(s sample) float64 { return 100 * s.Stolen })
	fmt.Fprintf(w, "\nCPU used by others while measuring: median %.0f%%, worst %.0f%% of the machine; stolen by the hypervisor: median %.0f%%, worst %.0f%%.\n",
		others.median, others.most, stolen.median, stolen.most)
}

func (b *bench) row(cell string, tg target, of, base, peer []sample) []string {
	note := ""
	for _, s := range of {
		if s.Note != "" {
			note = s.Note
			break
		}
	}
	cpu, cpuRatio, cores, gc, toDirect, toPeer, p99Ratio := "", "", "", "", "", "", ""
	if tg.name != direct {
		toDirect = ratios(of, base, tpsOf).String()
	}
	if tg.proxy != nil {
		cpu, cores = figures(of, cpuOf).format("%.1f"), figures(of, coresOf).format("%.2f")
		if tg.name != bouncer {
			toPeer, p99Ratio, cpuRatio = ratios(of, peer, tpsOf).String(), ratios(of, peer, p99Of).String(), ratios(of, peer, cpuOf).String()
			n := 0
			for _, s := range of {
				n += s.GC
			}
			gc = fmt.Sprint(n)
		}
	}
	return []string{cell, tg.name, figures(of, tpsOf).format("%.0f"), toDirect, toPeer, figures(of, p50Of).format("%.0f"),
		figures(of, p99Of).format("%.0f"), p99Ratio, cpu, cpuRatio, cores, gc, note}
}
