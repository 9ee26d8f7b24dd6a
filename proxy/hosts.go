package proxy

import (
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/proxy/watch"
)

// placeNames are the roles as SHOW HOSTS has them.
var placeNames = map[watch.Place]string{
	watch.Unknown: "unknown", watch.Primary: "primary", watch.Replica: "replica",
	watch.Behind: "behind", watch.Fenced: "fenced", watch.Foreign: "foreign",
}

// hostRows describes the cluster's servers: what the watcher finds and what
// the balancer does with it.
func (c *cluster) hostRows(at time.Time) []stats.HostRow {
	f := c.fleet.Load()
	now := freshness.Now()
	balance := c.balance.View(int64(now))
	var rows []stats.HostRow
	for _, v := range f.watch.View() {
		row := stats.HostRow{
			Cluster: c.name, Node: v.Name, Role: placeNames[v.Place], State: "down", Timeline: v.Timeline,
			Lag: int64(v.Lag), LagKnown: v.LagKnown, Age: v.Fresh.Age(now), AgeKnown: v.Readable && v.Fresh != 0,
			Why: v.Why, Since: at.Add(-v.Since.Age(now)), Zone: f.nodes[v.Node].Zone, Weight: f.nodes[v.Node].Weight,
		}
		if v.Up {
			row.State = "up"
		}
		if v.Node < len(balance) && balance[v.Node].Addr == v.Name {
			b := balance[v.Node]
			row.Active, row.Picks, row.Failures, row.Latency = b.Active, b.Picks, b.Failures, b.EWMA
			if v.Up && b.State == "ejected" {
				row.State = b.State
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// misrouteRows lists what replicas refused.
func (c *cluster) misrouteRows() []stats.MisrouteRow {
	var rows []stats.MisrouteRow
	for _, m := range c.router.Misroutes() {
		rows = append(rows, stats.MisrouteRow{Database: c.name, Text: m.Text, Code: m.Code, Count: int64(m.Count), Why: m.Why})
	}
	return rows
}
