package web

import (
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

// maxPools is how many pools get a user label of their own; a pool has some
// fifty samples. Later ones are added up per database under "other".
const maxPools = 500

const (
	gauge   = "gauge"
	counter = "counter"
)

// metrics is the handler of /metrics.
type metrics struct {
	control   Control
	pgbouncer bool

	mu    sync.Mutex
	known map[[2]string]bool // pools with labels of their own, for good: a pool that changed its labels would break rate()
}

// ServeHTTP renders one snapshot.
func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s := m.control.Snapshot()
	var e exposition
	process(&e, s)
	clients(&e, s)
	rows := m.bounded(s.Pools)
	pools(&e, rows)
	hosts(&e, s)
	cached(&e, s)
	routed(&e, s)
	poolServers(&e, s)
	httpRequests(&e, s)
	if m.pgbouncer {
		bounded := *s
		bounded.Pools = rows
		compat(&e, &bounded)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write(e.buf)
}

// bounded gives the pools beyond the bound the user "other".
func (m *metrics) bounded(in []stats.PoolRow) []stats.PoolRow {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil {
		m.known = make(map[[2]string]bool)
	}
	rows := stats.MergePools(in)
	for i := range rows {
		k := [2]string{rows[i].Database, rows[i].User}
		if !m.known[k] && len(m.known) >= maxPools {
			rows[i].User = "other"
			continue
		}
		m.known[k] = true
	}
	return stats.MergePools(rows)
}

func process(e *exposition, s *stats.Snapshot) {
	p := &s.Process
	e.family("wye_build_info", gauge, "The version of wye, always 1.")
	e.sample("wye_build_info", 1, "version", p.Version, "commit", p.Commit, "goversion", runtime.Version())
	e.one("wye_start_time_seconds", gauge, "When the process started, Unix time.", unix(p.Start))
	e.one("wye_config_epoch", gauge, "The number of the configuration in force, 1 at the start.", float64(p.ConfigEpoch))
	e.one("wye_config_last_reload_success", gauge, "1 if the last reload was accepted.", one(p.LastReloadOK))
	e.one("wye_config_last_reload_timestamp_seconds", gauge, "When the last reload was tried, Unix time.", unix(p.LastReload))
	e.one("wye_panics_total", counter, "Sessions that ended by a bug of wye.", float64(p.Panics))
	e.one("wye_draining", gauge, "1 while the process refuses new clients to stop.", one(s.Health.Draining))
	e.one("wye_goroutines", gauge, "Goroutines.", float64(p.Memory.Goroutines))
	e.family("wye_memory_bytes", gauge, "Memory held by the Go runtime, by use.")
	for _, use := range []struct {
		name  string
		bytes int64
	}{{"objects", p.Memory.Objects}, {"free", p.Memory.Free}, {"stacks", p.Memory.Stacks}, {"runtime", p.Memory.Other}} {
		e.sample("wye_memory_bytes", float64(use.bytes), "use", use.name)
	}
	e.family("wye_cluster_writable", gauge, "1 if a primary of the cluster was reachable at the last check.")
	for _, c := range s.Health.Clusters {
		e.sample("wye_cluster_writable", one(c.Primary), "cluster", c.Name)
	}
}

func clients(e *exposition, s *stats.Snapshot) {
	states := map[string]int{"active": 0, "idle": 0, "waiting": 0, "login": s.Process.LoginClients}
	for i := range s.Clients {
		states[s.Clients[i].State]++
	}
	e.family("wye_clients", gauge, "Clients connected, by state.")
	for _, state := range slices.Sorted(maps.Keys(states)) {
		e.sample("wye_clients", float64(states[state]), "state", state)
	}
	e.one("wye_clients_max", gauge, "Clients allowed in the whole process.", float64(s.Process.MaxClients))
	e.family("wye_client_logins_total", counter, "Logins, by how they ended.")
	for result, n := range s.Gate.Logins {
		e.sample("wye_client_logins_total", float64(n), "result", stats.LoginResult(result).String())
	}
	e.one("wye_cancel_requests_total", counter, "Cancel requests received.", float64(s.Gate.Cancels))
	e.family("wye_listener_accepted_total", counter, "Connections accepted, by listener.")
	for _, l := range s.Listeners {
		e.sample("wye_listener_accepted_total", float64(l.Accepted), "listener", l.Name)
	}
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
