package web

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
)

//go:embed status.html
var statusText string

// statusBase has the page without the moment that its "for" is counted to.
var statusBase = template.Must(template.New("status").Funcs(statusFuncs(time.Time{})).Parse(statusText))

// status answers /status: for people, what SHOW has of databases and pools.
func status(control Control) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		snap := control.Snapshot()
		var b bytes.Buffer
		t, err := statusBase.Clone()
		if err == nil {
			err = t.Funcs(statusFuncs(snap.Time)).Execute(&b, statusOf(snap))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		_, _ = w.Write(b.Bytes())
	})
}

func statusFuncs(now time.Time) template.FuncMap {
	return template.FuncMap{
		"ago": func(t time.Time) string {
			if t.IsZero() {
				return "-"
			}
			return ago(now.Sub(t))
		},
		"rate":     func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
		"quantile": p95,
	}
}

// ago is a duration in its largest unit, as people say it.
func ago(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, " d"}, {time.Hour, " h"}, {time.Minute, " min"}} {
		if d >= 2*u.unit {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(max(d, 0)/time.Second), 10) + " s"
}

// p95 is in milliseconds; nothing where nothing was asked of late.
func p95(h stats.Histogram) string {
	if h.Count() == 0 {
		return "-"
	}
	return strconv.FormatFloat(h.Quantile(.95).Seconds()*1e3, 'f', 1, 64) + " ms"
}

// statusPage is what the page shows.
type statusPage struct {
	Process   stats.Process
	Health    stats.Health
	Databases []statusDatabase
	Hosts     []stats.HostRow
	Pools     []*statusPool
	Caches    []stats.HTTPCacheRow
	Listeners []stats.ListenerRow
}

type statusDatabase struct {
	Name, State      string
	Bad              bool
	Clients, Waiting int
	Active, Idle     int // server conns
	PerSecond        int64
	Average          string // time of a query, ms
}

// statusPool is one pool, with the sums of its servers.
type statusPool struct {
	stats.PoolQueueRow
	Name, Kind     string
	TurnedAway     int64
	Servers        []stats.PoolServerRow
	Serving        int
	Active         int64
	Rate, FailRate float64
	Took           stats.Histogram
}

func statusOf(s *stats.Snapshot) *statusPage {
	p := &statusPage{Process: s.Process, Health: s.Health, Databases: statusDatabases(s), Pools: statusPools(s)}
	p.Hosts = slices.SortedFunc(slices.Values(s.Hosts), func(a, b stats.HostRow) int {
		return cmp.Or(cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Node, b.Node))
	})
	p.Caches = slices.SortedFunc(slices.Values(s.HTTPCaches), func(a, b stats.HTTPCacheRow) int {
		return cmp.Or(cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.Route, b.Route))
	})
	p.Listeners = s.Listeners
	return p
}

// statusDatabases are the databases by name, with the sums of their pools.
func statusDatabases(s *stats.Snapshot) (list []statusDatabase) {
	writable := map[string]bool{}
	for _, c := range s.Health.Clusters {
		writable[c.Name] = c.Primary
	}
	for i := range s.Databases {
		row := &s.Databases[i]
		d := statusDatabase{Name: row.Name, State: "up", Clients: row.Clients, Average: "-"}
		primary, known := writable[row.Name]
		switch {
		case row.Disabled:
			d.State = "disabled"
		case row.Paused:
			d.State = "paused"
		case known && !primary:
			d.State = "no primary"
		}
		d.Bad = d.State != "up"
		for j := range s.Pools {
			if pool := &s.Pools[j]; pool.Database == row.Name {
				d.Waiting, d.Active, d.Idle = d.Waiting+pool.ClWaiting, d.Active+pool.SvActive, d.Idle+pool.SvIdle
			}
		}
		for j := range s.Counters {
			if c := &s.Counters[j]; c.Database == row.Name && c.Recent.Queries > 0 {
				avg := c.Recent.Over(c.Elapsed)
				d.PerSecond, d.Average = avg.Queries, strconv.FormatFloat(float64(avg.QueryTime)/1e3, 'f', 1, 64)
			}
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b statusDatabase) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// statusPools are the pools by name, each with its servers in the order of the
// configuration.
func statusPools(s *stats.Snapshot) (list []*statusPool) {
	byName := map[string]*statusPool{}
	for _, q := range s.PoolQueues {
		p := &statusPool{PoolQueueRow: q, Name: q.Pool, TurnedAway: q.Full + q.Late}
		byName[q.Pool], list = p, append(list, p)
	}
	for i := range s.PoolServers {
		row := s.PoolServers[i]
		p := byName[row.Pool]
		if p == nil {
			continue
		}
		p.Kind, p.Servers = row.Kind, append(p.Servers, row)
		if row.Serving {
			p.Serving++
		}
		p.Active, p.Rate, p.FailRate = p.Active+row.Active, p.Rate+row.Rate, p.FailRate+row.FailRate
		p.Took.Add(&row.Took)
	}
	slices.SortFunc(list, func(a, b *statusPool) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
