package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// spreadDerived is spread for a block whose rows go on into another: nothing
// will put its groups and sorted rows together, so each shard's must be whole.
func (b *block) spreadDerived(env []keySet) *kindOf {
	k := b.kindFor(env)
	if k.refusal != nil || !k.sharded || len(b.arms) > 0 && !b.limited {
		return k
	}
	if why := b.cut(k); why != "" {
		r := refusef("GROUP BY, DISTINCT and PARTITION BY must include the sharding key, and there must be no LIMIT.",
			"%s in a sub-query over several shards is not supported", why)
		r.gather = true
		return &kindOf{refusal: r}
	}
	return k
}

// cut says what in b needs the rows of all shards; "" if nothing does.
func (b *block) cut(k *kindOf) string {
	switch {
	case b.limited:
		return "LIMIT"
	case b.stmt == nil:
		return ""
	case b.aggregated && (!b.grouped || hasSets(b.stmt)):
		return "an aggregate without GROUP BY on the sharding key"
	case b.aggregated && !b.holdsKey(b.stmt.GroupClause, k, inputFirst):
		return "GROUP BY without the sharding key"
	case distinctOn(b.stmt) && !b.holdsKey(b.stmt.DistinctClause, k, outputFirst):
		return "DISTINCT ON without the sharding key"
	case len(b.stmt.DistinctClause) > 0 && !distinctOn(b.stmt) && !b.showsKey(k):
		return "DISTINCT without the sharding key"
	}
	for _, list := range b.partitions() {
		if !b.holdsKey(list, k, inputOnly) {
			return "a window whose PARTITION BY is without the sharding key"
		}
	}
	return ""
}

// holdsKey reports whether rows that agree in list are on one shard.
func (b *block) holdsKey(list []*pg_query.Node, k *kindOf, by lookup) bool {
	var ids []colID
	for _, n := range list {
		ids = append(ids, b.listItem(n, by))
	}
	return b.keyAmong(ids, k)
}

func (b *block) showsKey(k *kindOf) bool { return b.keyAmong(b.outIDs, k) }

// keyAmong reports whether a whole sharding key that is never NULL is among ids.
func (b *block) keyAmong(ids []colID, k *kindOf) bool {
	return slices.ContainsFunc(k.keys, func(key keySet) bool { return b.ordinals(ids, key) != nil })
}

// ordinals are the places of a key's columns among ids, or nil.
func (b *block) ordinals(ids []colID, key keySet) []int {
	if key.nullable || len(key.ids) == 0 {
		return nil
	}
	c := b.s.classes(b.level, nil)
	var at []int
	for _, want := range key.ids {
		i := slices.IndexFunc(ids, func(id colID) bool { return c.same(id, want) })
		if i < 0 {
			return nil
		}
		at = append(at, i)
	}
	return at
}

// partitions are the PARTITION BY lists of all windows of b.
func (b *block) partitions() (lists [][]*pg_query.Node) {
	named := map[string]*pg_query.WindowDef{}
	for _, n := range b.stmt.WindowClause {
		named[n.GetWindowDef().GetName()] = n.GetWindowDef()
	}
	add := func(w *pg_query.WindowDef) {
		for range len(named) + 1 {
			base := w.Refname
			if len(w.PartitionClause) == 0 && base == "" && w.Name != "" && named[w.Name] != w {
				base = w.Name // OVER name
			}
			if len(w.PartitionClause) > 0 || named[base] == nil {
				break
			}
			w = named[base]
		}
		lists = append(lists, w.PartitionClause)
	}
	contains(slices.Concat(b.stmt.TargetList, b.stmt.SortClause, b.stmt.DistinctClause), func(m proto.Message) bool {
		if f, ok := m.(*pg_query.FuncCall); ok && f.Over != nil {
			add(f.Over)
		}
		return false
	})
	return lists
}

// spreadArms is how the rows of a set operation are spread.
func (b *block) spreadArms(env []keySet) *kindOf {
	left, right := b.arms[0].spreadDerived(env), b.arms[1].spreadDerived(env)
	if k := eitherRefused(left, right); k != nil {
		return k
	}
	keys := b.commonKeys(left, right)
	if left.sharded && right.sharded && (len(keys) > 0 || b.stmt.Op == pg_query.SetOperation_SETOP_UNION && b.stmt.All) {
		return &kindOf{sharded: true, keys: keys}
	}
	r := refusef("Every part must have the sharding key in the same column.", "%s of sharded rows without the sharding key is not supported over several shards", setName(b.stmt.Op))
	if left.sharded != right.sharded {
		r = refusef("", "%s of sharded rows with rows that every shard has is not supported over several shards", setName(b.stmt.Op))
	}
	r.gather = true
	return &kindOf{refusal: r}
}

func setName(op pg_query.SetOperation) string {
	switch op {
	case pg_query.SetOperation_SETOP_INTERSECT:
		return "INTERSECT"
	case pg_query.SetOperation_SETOP_EXCEPT:
		return "EXCEPT"
	}
	return "UNION"
}

// commonKeys are the keys that both arms have in the same columns.
func (b *block) commonKeys(left, right *kindOf) (keys []keySet) {
	for _, l := range left.keys {
		at := b.arms[0].ordinals(b.arms[0].outIDs, l)
		if at == nil {
			continue
		}
		for _, r := range right.keys {
			if r.group != l.group || !slices.Equal(at, b.arms[1].ordinals(b.arms[1].outIDs, r)) {
				continue
			}
			k := keySet{group: l.group}
			for _, i := range at {
				k.ids = append(k.ids, b.outIDs[i])
			}
			if !slices.Contains(k.ids, 0) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}
