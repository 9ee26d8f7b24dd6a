package proxy

import (
	"sync"

	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
)

// drift watches whether the shards of one cluster are alike. It is told of
// each reading of a catalog, and compares each shard with the lead.
//
// Statements that define something reach the shards' catalogs one after the
// other, and so do readings of them: a difference counts only once both
// sides were read again after it was first seen.
type drift struct {
	sharded *sharded

	mu     sync.Mutex
	latest []*catalog.Snapshot // by shard; nil: never read
	read   []uint64            // counts readings, by shard
	found  map[driftKey]driftState
}

type driftKey struct {
	shard int
	catalog.Difference
}

// driftState is since which readings a difference is there.
type driftState struct {
	lead, here uint64
	sure       bool
}

func newDrift(sh *sharded) *drift {
	n := len(sh.peers)
	return &drift{sharded: sh, latest: make([]*catalog.Snapshot, n), read: make([]uint64, n), found: map[driftKey]driftState{}}
}

// loaded takes in a reading of shard k's catalog. It says each difference
// once in the log, and that one is gone.
func (d *drift) loaded(k int, s *catalog.Snapshot) {
	d.mu.Lock()
	d.latest[k] = s
	d.read[k]++
	var came, went []driftKey
	again := shards.Set(0)
	for other := 1; other < len(d.latest); other++ {
		if (k == 0 || k == other) && d.latest[0] != nil && d.latest[other] != nil {
			c, w, unsure := d.compare(other)
			came, went = append(came, c...), append(went, w...)
			if unsure {
				again |= shards.One(0) | shards.One(other)
			}
		}
	}
	d.mu.Unlock()
	for k := range again.Each {
		d.sharded.peers[k].catalog.hurry()
	}
	lead := d.sharded.peers[0]
	for _, one := range came {
		lead.log.Warn("the shards differ", "cluster", lead.name, "shard", d.sharded.nameOf(one.shard), "difference", one.String())
	}
	for _, one := range went {
		lead.log.Info("the shards do not differ any more", "cluster", lead.name, "shard", d.sharded.nameOf(one.shard), "difference", one.String())
	}
}

// compare renews what is known of one shard; d.mu is held.
func (d *drift) compare(k int) (came, went []driftKey, unsure bool) {
	now := map[driftKey]bool{}
	for _, one := range catalog.Compare(d.latest[0], d.latest[k], onOneShard(d.sharded.places.Load())) {
		key := driftKey{k, one}
		now[key] = true
		state, known := d.found[key]
		switch {
		case !known:
			state = driftState{lead: d.read[0], here: d.read[k]}
		case !state.sure && d.read[0] > state.lead && d.read[k] > state.here:
			state.sure = true
			came = append(came, key)
		}
		d.found[key] = state
		unsure = unsure || !known
	}
	for key, state := range d.found {
		if key.shard != k || now[key] {
			continue
		}
		delete(d.found, key)
		if state.sure {
			went = append(went, key)
		}
	}
	return came, went, unsure
}

// onOneShard are the tables that only one shard has to have.
func onOneShard(m *shards.Map) func(schema, name string) bool {
	return func(schema, name string) bool {
		t := m.Table(schema, name)
		return t != nil && t.Kind == shards.Single
	}
}

// rows are what is certain, for SHOW DRIFT.
func (d *drift) rows() (rows []stats.DriftRow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, state := range d.found {
		if state.sure {
			rows = append(rows, stats.DriftRow{
				Cluster: d.sharded.peers[0].name, Shard: d.sharded.nameOf(key.shard), Object: key.Object, What: key.What, Lead: key.Lead, Here: key.Here,
			})
		}
	}
	return rows
}
