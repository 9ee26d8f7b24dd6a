package shardplan

import (
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Lead is the shard whose catalog counts, and which says what is wrong with a
// statement.
const Lead = 0

// Planner plans statements by one catalog and one map. It never changes; any
// goroutine may use it.
type Planner struct {
	snapshot *catalog.Snapshot
	shardMap *shards.Map
	// direct are the plans that send a text unchanged, by role and shard; any
	// are those that every shard would answer.
	direct [2][]*plan.Direct
	any    [2]*plan.Direct
	lead   [2]*plan.Direct
	// foreign are the relations with a foreign key, of theirs or to them, that
	// does not hold across shards.
	foreign map[*catalog.Relation]*refusal
	recoded bool
}

// New makes a Planner. The snapshot is that of the lead shard.
func New(snapshot *catalog.Snapshot, m *shards.Map) *Planner {
	p := &Planner{snapshot: snapshot, shardMap: m, foreign: map[*catalog.Relation]*refusal{}}
	p.checkForeign()
	for role := range p.direct {
		r := plan.Role(role) //nolint:gosec // two roles
		for i, name := range m.Shards() {
			p.direct[role] = append(p.direct[role], &plan.Direct{Role: r, Shard: i, Why: "one shard: " + name})
		}
		p.any[role] = &plan.Direct{Role: r, Shard: Lead, AnyShard: true, Why: "any shard"}
		p.lead[role] = &plan.Direct{Role: r, Shard: Lead, Why: "the lead shard"}
	}
	return p
}

// Recoded is p for sessions that are sent text in another encoding than UTF-8,
// which is the servers': its bytes have not the order of collation C, and may
// not tell all texts apart.
func (p *Planner) Recoded() *Planner {
	out := *p
	out.recoded = true
	return &out
}

// table is what the map says of r: a partition, or a table that inherits, is
// where its parent is.
func (p *Planner) table(r *catalog.Relation) *shards.Table {
	for range 8 {
		if t := p.shardMap.Table(r.Schema, r.Name); t != nil {
			return t
		}
		if len(r.Parents) != 1 {
			return nil
		}
		r = r.Parents[0]
	}
	return nil
}

// keyType is the type of a column, below domains, if one of its type may be a
// sharding key.
func (p *Planner) keyType(c *catalog.Column) (shardfunc.Type, bool) {
	return shardfunc.TypeOf(p.plainType(c.TypeOID), c.Collation != catalog.NotDeterministic)
}

// plainType is the type below a domain.
func (p *Planner) plainType(oid uint32) uint32 {
	for range 8 {
		t := p.snapshot.TypeOID(oid)
		if t == nil || t.Domain == 0 {
			return oid
		}
		oid = t.Domain
	}
	return oid
}
