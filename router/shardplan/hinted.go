package shardplan

import (
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// hinted is the plan where a hint names the shard.
func (a *Analysis) hinted(args []plan.Arg, o *Options) plan.Plan {
	shard, r := a.hintShard(&o.Hint)
	if r != nil {
		return r.plan()
	}
	if a.hintable || a.lead {
		return a.p.direct[o.Role][shard]
	}
	switch p := a.plan(args, o).(type) {
	case *plan.Direct:
		if !p.AnyShard && p.Shard != shard {
			return refusef("", "the hint names shard %d, but the statement concerns shard %d", shard, p.Shard).plan()
		}
	case *plan.Reject:
		if a.insert != nil || a.move != nil {
			return p // a row must not be where nobody looks for it
		}
	case *plan.Broadcast:
		if a.insert != nil {
			return refusef("", "the rows of the INSERT belong to several shards, whatever a hint says").plan()
		}
		if a.all {
			return refusef("", "the statement concerns all shards, whatever a hint says").plan()
		}
	case *plan.CopyIn, *plan.Move, *plan.Carry:
		return refusef("", "a hint cannot choose the shard of this statement").plan()
	}
	return a.p.direct[o.Role][shard]
}

func (a *Analysis) hintShard(h *Hint) (int, *refusal) {
	if h.HasShard {
		if h.Shard < 0 || h.Shard >= len(a.p.shardMap.Shards()) {
			r := refusef("SHOW SHARDS of the console has their names.", "there is no such shard")
			r.code = "22023"
			return 0, r
		}
		return h.Shard, nil
	}
	table := a.hintTable()
	if table == nil {
		return 0, refusef("Name the shard instead.", "a key in a hint needs one sharding key of one column, and the statement has none or several")
	}
	v, err := shardfunc.FromText(table.Types[0], h.Key)
	if err == nil {
		var shard int
		if shard, err = a.p.shardMap.Locate(table, []shardfunc.Value{v}); err == nil {
			return shard, nil
		}
	}
	r := refusef("", "the key in the hint has no shard")
	r.code = "22023"
	return 0, r
}

// hintTable is a table whose map a key in a hint is looked up in.
func (a *Analysis) hintTable() (found *shards.Table) {
	tables := a.tables
	if len(tables) == 0 {
		tables = a.p.shardMap.Tables()
	}
	for _, t := range tables {
		switch {
		case t.Kind != shards.Sharded:
		case len(t.Types) != 1 || found != nil && found.Group != t.Group:
			return nil
		default:
			found = t
		}
	}
	return found
}
