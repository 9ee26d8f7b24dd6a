package watch

import (
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// NodeView is one server as SHOW HOSTS prints it.
type NodeView struct {
	Node     int
	Name     string // host:port
	Place    Place
	Up       bool // answers
	Writable bool // is what Primary says now
	Readable bool // is what Replica says now
	Why      string
	Timeline uint32
	System   string
	Position freshness.LSN     // inserted or replayed, when it last answered
	Lag      uint64            // bytes behind the primary's last sample
	LagKnown bool              // whether Lag is known; so for replicas that were sampled
	Fresh    freshness.Instant // what FreshAsOf says
	Took     time.Duration     // of the last good probe
	Since    freshness.Instant // of the present place and readability
}

// View is all servers in the order of Options.Nodes.
func (w *Watcher) View() []NodeView {
	w.mu.Lock()
	defer w.mu.Unlock()
	primary, _ := w.Primary()
	views := make([]NodeView, 0, len(w.nodes))
	for _, n := range w.nodes {
		v := NodeView{
			Node: n.number, Name: n.name, Place: n.place, Up: n.health.up && n.accused == 0,
			Writable: n.number == primary, Readable: n.reading,
			Timeline: n.report.Timeline, System: n.report.System, Position: n.report.Position,
			Fresh: w.o.Clock.FreshAsOf(n.number), Took: n.report.Took, Since: n.since,
		}
		if !v.Writable && !v.Readable {
			v.Why = w.unreadable(n)
		}
		v.Lag, v.LagKnown = w.o.Clock.Behind(n.number)
		views = append(views, v)
	}
	return views
}
