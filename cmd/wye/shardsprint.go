package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/shards"
)

// table writes columns; the caller flushes it.
func table(out io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) }

func printShards(out io.Writer, c *config.Cluster, m *shards.Map) {
	fmt.Fprintf(out, "cluster %s: %d shards, map version %s\n\n", c.Name, len(c.Shards), m.Version())
	w := table(out)
	for _, s := range c.Shards {
		addrs := make([]string, len(s.Nodes))
		for i, n := range s.Nodes {
			addrs[i] = n.Addr
		}
		fmt.Fprintf(w, "  %s\tweight %d\t%s\n", s.Name, s.Weight, strings.Join(addrs, ", "))
	}
	_ = w.Flush()
	for _, l := range m.Layouts() {
		printLayout(out, m, l)
	}
	for _, kind := range []shards.Holding{shards.Reference, shards.Single} {
		for _, t := range m.Tables() {
			switch {
			case t.Kind != kind:
			case kind == shards.Reference:
				fmt.Fprintf(out, "\ntable %s: a copy on every shard\n", t)
			default:
				fmt.Fprintf(out, "\ntable %s: on %s alone\n", t, m.Shards()[t.Home])
			}
		}
	}
}

// printLayout prints one map and the tables that are sharded by it.
func printLayout(out io.Writer, m *shards.Map, l shards.Layout) {
	fmt.Fprintf(out, "\nmap %s: %s", l.Name, l)
	if l.Slots > 0 {
		fmt.Fprintf(out, ", %d slots", l.Slots)
	}
	fmt.Fprintln(out)
	w := table(out)
	for _, p := range l.Parts {
		if l.Slots > 0 {
			fmt.Fprintf(w, "  %s\t%d slots\t%.1f %%\t%s\n", p.Shard, p.Slots, 100*float64(p.Slots)/float64(l.Slots), short(p.What))
		} else {
			fmt.Fprintf(w, "  %s\t%s\n", p.Shard, p.What)
		}
	}
	switch {
	case l.Slots > 0:
	case l.Default != "":
		fmt.Fprintf(w, "  %s\tall other keys\n", l.Default)
	default:
		fmt.Fprintf(w, "  -\tany other key is refused\n")
	}
	_ = w.Flush()
	for _, t := range m.Tables() {
		if t.Group == l.Name {
			fmt.Fprintf(out, "  table %s by %s\n", t, strings.Join(t.Keys, ", "))
		}
	}
}

// short cuts a list of runs to what fits on a line.
func short(runs string) string {
	const most = 60
	if len(runs) <= most {
		return runs
	}
	cut := strings.LastIndexByte(runs[:most], ',')
	if cut < 0 {
		return runs
	}
	return fmt.Sprintf("%s and %d more runs", runs[:cut], strings.Count(runs[cut:], ","))
}

func printPlan(out io.Writer, c *config.Cluster, o *shardsOptions, old, next *shards.Map) {
	what := fmt.Sprintf("%s joins with weight %d", o.add, o.weight)
	if o.remove != "" {
		what = o.remove + " leaves"
	}
	fmt.Fprintf(out, "cluster %s, if %s: map version %s becomes %s\n", c.Name, what, old.Version(), next.Version())
	moves := shards.Diff(old, next)
	for _, l := range next.Layouts() {
		printMoves(out, l, moves)
	}
	for _, m := range moves {
		switch {
		case m.Table == "":
		case m.From == "":
			fmt.Fprintf(out, "\ntable %s: %s to %s\n", m.Table, m.What, m.To)
		default:
			fmt.Fprintf(out, "\ntable %s: %s from %s to %s\n", m.Table, m.What, m.From, m.To)
		}
	}
}

// printMoves prints what moves of one map.
func printMoves(out io.Writer, l shards.Layout, moves []shards.Move) {
	count, share := shards.Total(moves, l.Name)
	says := "rows move"
	switch {
	case count > 0:
		says = fmt.Sprintf("%d of %d slots move, %.1f %% of the rows", count, l.Slots, 100*share)
	case moved(moves, l.Name):
	case l.Slots == 0:
		says = "nothing moves, as its keys are placed by name"
	default:
		says = "nothing moves"
	}
	fmt.Fprintf(out, "\nmap %s: %s\n", l.Name, says)
	w := table(out)
	for _, m := range moves {
		switch {
		case m.Group != l.Name:
		case m.Slots > 0:
			fmt.Fprintf(w, "  %s -> %s\t%d slots\t%.1f %%\t%s\n", m.From, m.To, m.Slots, 100*m.Share, short(m.What))
		default:
			fmt.Fprintf(w, "  %s -> %s\t%s\n", m.From, m.To, m.What)
		}
	}
	_ = w.Flush()
}

func moved(moves []shards.Move, group string) bool {
	for _, m := range moves {
		if m.Group == group {
			return true
		}
	}
	return false
}

// printPlacements prints what has to be written into the configuration, besides
// the shard itself, for the map to become the planned one.
func printPlacements(out io.Writer, c *config.Cluster, next shards.Spec) {
	for _, g := range next.Groups {
		if len(g.Placement) == 0 {
			continue
		}
		fmt.Fprintf(out, "\nclusters.%s.maps.%s needs this placement then:\n", c.Name, g.Name)
		for _, p := range g.Placement {
			fmt.Fprintf(out, "  - {slots: [%s], shard: %q}\n", strings.ReplaceAll(p.Slots, ",", ", "), p.Shard)
		}
	}
}
