package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// unstable says why b, which reads what every shard has, may yet find
// something else on each: rows have no order, and copies another one each. It
// may if it is computed for one row, and so on one shard.
func (b *block) unstable() *refusal {
	what := b.choice()
	if what == "" || !b.readsTables() || b.namesOutside() {
		for _, p := range slices.Concat(b.arms, b.derive) {
			if r := p.unstable(); r != nil {
				return r
			}
		}
		return nil
	}
	r := refusef("", "%s in a sub-query that each shard computes by itself is not supported over several shards", what)
	r.gather = true
	return r
}

// choice is what makes an answer depend on the order of rows.
func (b *block) choice() string {
	switch {
	case b.limited:
		return "LIMIT"
	case b.stmt == nil:
		return ""
	case distinctOn(b.stmt):
		return "DISTINCT ON"
	}
	what := ""
	contains(slices.Concat(b.stmt.TargetList, []*pg_query.Node{b.stmt.HavingClause}), func(m proto.Message) bool {
		f, ok := m.(*pg_query.FuncCall)
		if !ok {
			return false
		}
		_, name := split(f.Funcname)
		switch {
		case f.Over != nil:
			what = "a window function"
		case b.s.p.isAggregateCall(f) && !orderless[name] && name != "sum" && name != "avg":
			what = "aggregate " + name
		}
		return what != ""
	})
	return what
}

func (b *block) readsTables() (reads bool) {
	b.eachItem(func(it *item) { reads = reads || it.table != nil })
	return reads
}

// namesOutside reports whether a condition of b names a column of a block
// around it.
func (b *block) namesOutside() bool {
	for _, c := range b.level.conds {
		if !c.block.inside(b) {
			continue
		}
		for _, id := range c.refs {
			if id != 0 && !b.s.isInside(id, b) {
				return true
			}
		}
	}
	return false
}
