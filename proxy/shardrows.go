package proxy

import (
	"cmp"
	"strconv"

	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/shards"
)

// shardRows describes the shards of the cluster whose lead is given; hosts are
// the servers of each.
func (sh *sharded) shardRows(lead *cluster, hosts [][]stats.HostRow) (rows []stats.ShardRow) {
	checked := shards.Set(sh.planner.checked.Load())
	for k, name := range sh.places.Load().Shards() {
		row := stats.ShardRow{Cluster: lead.name, Shard: name, Index: k}
		for _, h := range hosts[k] {
			switch {
			case h.State == "down":
			case h.Role == "primary":
				row.Primary = h.Node
			case h.Role == "replica":
				row.Replicas++
			}
		}
		if note := sh.notes[k].Load(); note != nil {
			row.Why = *note
		}
		if row.Primary == "" {
			row.Why = cmp.Or(row.Why, "no primary is up")
		}
		row.Ready = row.Why == "" && checked.Has(k)
		rows = append(rows, row)
	}
	return rows
}

// note says why a shard is not ready; empty: it is.
func (sh *sharded) note(k int, why string) { sh.notes[k].Store(&why) }

// doubtRows lists what is prepared on the shards, and which of them could not
// be looked at.
func (sh *sharded) doubtRows(lead *cluster) (rows []stats.DoubtRow) {
	for _, d := range sh.recovery.InDoubt() {
		rows = append(rows, stats.DoubtRow{
			Cluster: lead.name, GID: d.GID, Shard: sh.nameOf(d.Shard), Decider: sh.nameOf(d.Decider),
			Owner: d.Owner, Age: d.Age, State: string(d.State), Why: d.Error,
		})
	}
	for k, err := range sh.recovery.Unseen() {
		rows = append(rows, stats.DoubtRow{Cluster: lead.name, Shard: sh.nameOf(k), State: "unseen", Why: err.Error()})
	}
	return rows
}

// nameOf is the name of a shard by its number, which may be one that the
// configuration does not have.
func (sh *sharded) nameOf(k int) string {
	if names := sh.places.Load().Shards(); k >= 0 && k < len(names) {
		return names[k]
	}
	return "#" + strconv.Itoa(k)
}
