package shardplan

import (
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// Locate is the shard of a row of a sharded table, by the values of its
// sharding key in the order of the map: of the columns' own types where an
// argument names none. The error is the client's.
func (p *Planner) Locate(schema, table string, key []plan.Arg) (int, *pgerror.Error) {
	t, r := p.shardMap.Table(schema, table), p.snapshot.Resolve([]string{schema}, schema, table)
	if t == nil || r == nil || t.Kind != shards.Sharded || len(key) != len(t.Keys) {
		return 0, pgerror.Newf(pgerror.FeatureNotSupported, "table %q is not one that is sharded", table)
	}
	ins, row := &insert{table: t}, insertRow{}
	for i, name := range t.Keys {
		attr := r.Column(name)
		if attr == nil {
			return 0, pgerror.Newf("42703", "column %q of relation %q does not exist", name, table)
		}
		k := insertKey{attr: attr, mod: attr.Typmod, value: value{kind: valueArg, arg: i + 1, sure: true}}
		k.typ, k.known = p.keyType(attr)
		row.keys = append(row.keys, k)
	}
	shard, no := ins.shard(p.shardMap, &row, key)
	if no != nil {
		return 0, no.plan().Err
	}
	return shard, nil
}
