package stats

import (
	"cmp"
	"strings"
	"time"
)

// clusterRow is a row of SHOW CLUSTERS: what a database counts as a cluster
// of servers.
type clusterRow struct {
	ClusterHealth
	node string // the primary; those of all shards
	Routed
	failovers, heldTotal int64
	held                 int
}

func clusters(s *Snapshot) []clusterRow {
	var rows []clusterRow
	for _, c := range s.Health.Clusters {
		row := clusterRow{ClusterHealth: c}
		for i := range s.Hosts {
			if h := &s.Hosts[i]; h.Cluster == c.Name && h.Role == "primary" {
				if row.node != "" { // of a further shard
					row.node += ","
				}
				row.node += h.Node
			}
		}
		for i := range s.Counters {
			if s.Counters[i].Database == c.Name {
				row.Routed = s.Counters[i].Total.Routed
			}
		}
		for i := range s.Databases {
			if d := &s.Databases[i]; d.Name == c.Name {
				row.failovers, row.held, row.heldTotal = d.Failovers, d.Held, d.HeldTotal
			}
		}
		rows = append(rows, row)
	}
	return sorted(rows, func(a, b clusterRow) int { return cmp.Compare(a.Name, b.Name) })
}

func hosts(s *Snapshot) []HostRow {
	return sorted(s.Hosts, func(a, b HostRow) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Node, b.Node))
	})
}

func misroutes(s *Snapshot) []MisrouteRow {
	return sorted(s.Misroutes, func(a, b MisrouteRow) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
	})
}

// known is a figure that may be unknown, which is NULL.
func known(n int64, ok bool) Cell {
	if !ok {
		return null
	}
	return num(n)
}

// line is text on one line: statements have many.
func line(s string) Cell { return text(strings.Join(strings.Fields(s), " ")) }

// The views of where statements go.
var (
	_ = register("clusters", []field[clusterRow]{
		col("name", Text, func(c *clusterRow) Cell { return text(c.Name) }),
		col("primary", Text, func(c *clusterRow) Cell { return text(yesNo(c.Primary)) }),
		col("node", Text, func(c *clusterRow) Cell { return textOrNull(c.node) }),
		col("reads_replica", Numeric, func(c *clusterRow) Cell { return num(c.ReplicaReads) }),
		col("reads_primary", Numeric, func(c *clusterRow) Cell { return num(c.PrimaryReads) }),
		col("rerouted", Numeric, func(c *clusterRow) Cell { return num(c.Rerouted) }),
		col("misroutes", Numeric, func(c *clusterRow) Cell { return num(c.Misroutes) }),
		col("failovers", Numeric, func(c *clusterRow) Cell { return num(c.failovers) }),
		col("held", Int4, func(c *clusterRow) Cell { return i4(c.held) }),
		col("held_total", Numeric, func(c *clusterRow) Cell { return num(c.heldTotal) }),
	}, clusters)
	_ = register("hosts", []field[HostRow]{
		col("cluster", Text, func(h *HostRow) Cell { return text(h.Cluster) }),
		col("node", Text, func(h *HostRow) Cell { return text(h.Node) }),
		col("role", Text, func(h *HostRow) Cell { return text(cmp.Or(h.Role, "unknown")) }),
		col("state", Text, func(h *HostRow) Cell { return text(h.State) }),
		col("zone", Text, func(h *HostRow) Cell { return textOrNull(h.Zone) }),
		col("weight", Int4, func(h *HostRow) Cell { return i4(h.Weight) }),
		col("timeline", Int8, func(h *HostRow) Cell { return known(int64(h.Timeline), h.Timeline != 0) }),
		col("lag_bytes", Int8, func(h *HostRow) Cell { return known(h.Lag, h.LagKnown) }),
		col("age_ms", Int8, func(h *HostRow) Cell { return known(int64(h.Age/time.Millisecond), h.AgeKnown) }),
		col("active", Int4, func(h *HostRow) Cell { return i4(h.Active) }),
		col("picks", Numeric, func(h *HostRow) Cell { return num(h.Picks) }),
		col("failures", Numeric, func(h *HostRow) Cell { return num(h.Failures) }),
		col("latency_us", Int8, func(h *HostRow) Cell { return known(h.Latency.Microseconds(), h.Latency != 0) }),
		col("since", Text, func(h *HostRow) Cell { return stamp(h.Since) }),
		col("why", Text, func(h *HostRow) Cell { return textOrNull(h.Why) }),
	}, hosts)
	_ = register("misroutes", []field[MisrouteRow]{
		col("database", Text, func(m *MisrouteRow) Cell { return text(m.Database) }),
		col("code", Text, func(m *MisrouteRow) Cell { return text(m.Code) }),
		col("count", Numeric, func(m *MisrouteRow) Cell { return num(m.Count) }),
		col("why", Text, func(m *MisrouteRow) Cell { return line(m.Why) }),
		col("text", Text, func(m *MisrouteRow) Cell { return line(m.Text) }),
	}, misroutes)
)
