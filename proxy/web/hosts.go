package web

import (
	"cmp"

	"github.com/wyeproxy/wye/proxy/stats"
)

// perDatabase are the metrics of where requests went, with one value per
// database.
var perDatabase = []struct {
	name, help string
	value      func(*stats.Routed) int64
}{
	{"wye_reads_rerouted_total", "Reads that were sent again to another server.", func(r *stats.Routed) int64 { return r.Rerouted }},
	{"wye_misroutes_total", "Reads that a replica refused for what they do.", func(r *stats.Routed) int64 { return r.Misroutes }},
}

// perCluster are the metrics of failovers, with one value per database.
var perCluster = []struct {
	name, kind, help string
	value            func(*stats.DatabaseRow) int64
}{
	{"wye_failovers_total", counter, "Times that another server became the primary.",
		func(d *stats.DatabaseRow) int64 { return d.Failovers }},
	{"wye_requests_held", gauge, "Requests that wait because no primary is known.",
		func(d *stats.DatabaseRow) int64 { return int64(d.Held) }},
	{"wye_requests_held_total", counter, "Requests that have waited because no primary was known.",
		func(d *stats.DatabaseRow) int64 { return d.HeldTotal }},
}

// perHost are the metrics with one value per server, where it is known.
var perHost = []struct {
	name, kind, help string
	value            func(*stats.HostRow) (float64, bool)
}{
	{"wye_host_lag_bytes", gauge, "Bytes of log that a server had still to replay at the last check.",
		func(h *stats.HostRow) (float64, bool) { return float64(h.Lag), h.LagKnown }},
	{"wye_host_fresh_age_seconds", gauge, "A server shows all that was acknowledged before so long ago.",
		func(h *stats.HostRow) (float64, bool) { return h.Age.Seconds(), h.AgeKnown }},
	{"wye_host_active", gauge, "Requests in flight that were balanced to a server.",
		func(h *stats.HostRow) (float64, bool) { return float64(h.Active), true }},
	{"wye_host_picks_total", counter, "Times that a server was chosen for a read.",
		func(h *stats.HostRow) (float64, bool) { return float64(h.Picks), true }},
	{"wye_host_failures_total", counter, "Requests balanced to a server that ended by its fault.",
		func(h *stats.HostRow) (float64, bool) { return float64(h.Failures), true }},
}

func hosts(e *exposition, s *stats.Snapshot) {
	// The role is a label of this one alone: the others would begin anew at
	// each failover.
	e.family("wye_host_up", gauge, "1 if a server is used, by the role that it was found in.")
	for i := range s.Hosts {
		h := &s.Hosts[i]
		e.sample("wye_host_up", one(h.State == "up"), "cluster", h.Cluster, "node", h.Node, "role", cmp.Or(h.Role, "unknown"))
	}
	for _, m := range perHost {
		e.family(m.name, m.kind, m.help)
		for i := range s.Hosts {
			if v, known := m.value(&s.Hosts[i]); known {
				e.sample(m.name, v, "cluster", s.Hosts[i].Cluster, "node", s.Hosts[i].Node)
			}
		}
	}
}

func routed(e *exposition, s *stats.Snapshot) {
	e.family("wye_reads_total", counter, "Reads that a server answered, by its role.")
	for i := range s.Counters {
		d := &s.Counters[i]
		e.sample("wye_reads_total", float64(d.Total.ReplicaReads), "database", d.Database, "where", "replica")
		e.sample("wye_reads_total", float64(d.Total.PrimaryReads), "database", d.Database, "where", "primary")
	}
	for _, m := range perDatabase {
		e.family(m.name, counter, m.help)
		for i := range s.Counters {
			d := &s.Counters[i]
			e.sample(m.name, float64(m.value(&d.Total.Routed)), "database", d.Database)
		}
	}
	for _, m := range perCluster {
		e.family(m.name, m.kind, m.help)
		for i := range s.Databases {
			e.sample(m.name, float64(m.value(&s.Databases[i])), "database", s.Databases[i].Name)
		}
	}
}
