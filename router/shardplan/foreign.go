package shardplan

import (
	"slices"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
)

// checkForeign finds foreign keys whose rows may be on two shards: PostgreSQL
// would check and follow them on one shard only.
func (p *Planner) checkForeign() {
	for _, t := range p.shardMap.Tables() {
		r := p.snapshot.Resolve(nil, t.Schema, t.Name)
		if r == nil {
			continue
		}
		for i := range r.Foreign {
			f := &r.Foreign[i]
			if to := p.table(f.To); to != nil && keeps(t, to, f) {
				continue
			}
			no := refusef("Drop it, or add the sharding key to it.", "foreign key %q of %q to %q does not hold across shards", f.Name, r.Name, f.To.Name)
			p.foreign[r], p.foreign[f.To] = no, no
		}
	}
}

// keeps reports whether a row and the one it refers to are on one shard.
func keeps(from, to *shards.Table, f *catalog.Foreign) bool {
	switch {
	case to.Kind == shards.Reference:
		return true
	case from.Kind != to.Kind:
		return false
	case from.Kind == shards.Single:
		return from.Home == to.Home
	case from.Group != to.Group:
		return false
	}
	for i, k := range from.Keys {
		at := slices.Index(f.Columns, k)
		if at < 0 || at >= len(f.At) || f.At[at] != to.Keys[i] {
			return false
		}
	}
	return true
}
