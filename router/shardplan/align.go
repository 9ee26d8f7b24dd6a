package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/shards"
)

// kindOf is how the rows of a block, or of a part of FROM, are spread.
type kindOf struct {
	// sharded: each row is on one shard, and what a shard computes of its own
	// rows is exactly its part. Else every shard computes all rows.
	sharded bool
	keys    []keySet
	refusal *refusal // it is neither
}

// keySet are columns of which this is known: a row in which they are not NULL
// is on the shard of that key.
type keySet struct {
	group    string
	ids      []colID
	nullable bool // a row may have NULLs there, and be on any shard
}

var everywhere = &kindOf{}

// kindOf computes and remembers how b's rows are spread. env are the keys of
// the blocks around it, to whose rows it may be tied.
func (b *block) kindFor(env []keySet) *kindOf {
	if b.kind == nil {
		b.kind = b.spread(env)
	}
	return b.kind
}

func (b *block) spread(env []keySet) *kindOf {
	if b.s.blocks > maxBlocks {
		return &kindOf{refusal: b.s.refused}
	}
	if len(b.arms) > 0 {
		return b.spreadArms(env)
	}
	k := everywhere
	for _, j := range b.tree {
		k = b.s.join(pg_query.JoinType_JOIN_INNER, k, b.spreadJoin(j, env, k.keys), b.level)
	}
	if k.refusal != nil {
		return k
	}
	if r := b.unstable(); !k.sharded && r != nil {
		return &kindOf{refusal: r}
	}
	inner := append(slices.Clone(env), k.keys...)
	for _, one := range b.subs {
		if r := one.block.tied(inner); r != nil {
			return &kindOf{refusal: r}
		}
	}
	return k
}

// tied says why rows of b, a sub-select in an expression, may be needed on
// another shard than that of the row it is computed for; nil if they are not.
func (b *block) tied(env []keySet) (why *refusal) {
	if why = b.unstable(); why != nil {
		return why
	}
	b.eachItem(func(it *item) {
		if why != nil || !it.sharded() || it.sub != nil || b.s.isTied(it, env, nil) {
			return
		}
		why = refusef("Tie it to the row by the sharding key: "+it.keyHint(env)+".",
			"a sub-query on %q is not tied to the outer query by the sharding key", it.table.Name)
		why.gather = true
	})
	return why
}

// isTied reports whether only rows of it that are on the shard of a row with
// one of the keys matter for that row.
func (s *statement) isTied(it *item, env []keySet, within *block) bool {
	if it.table.Kind != shards.Sharded {
		return false
	}
	c := s.classes(it.level, within)
	own := it.keySet()
	return slices.ContainsFunc(env, func(k keySet) bool { return c.matchKeys(own, k) })
}

func (c *classes) matchKeys(a, b keySet) bool {
	if a.group != b.group || len(a.ids) != len(b.ids) || len(a.ids) == 0 {
		return false
	}
	for i := range a.ids {
		if !c.same(a.ids[i], b.ids[i]) {
			return false
		}
	}
	return true
}

// keySet is the item's own sharding key; without ids if it is hidden.
func (it *item) keySet() keySet {
	k := keySet{group: it.table.Group}
	for _, name := range it.table.Keys {
		id := it.columnID(name)
		if id == 0 {
			return keySet{}
		}
		k.ids = append(k.ids, id)
	}
	return k
}

// keyHint is the equality that is missing.
func (it *item) keyHint(env []keySet) string {
	s := it.block.s
	if len(it.table.Keys) == 0 {
		return "it has none"
	}
	hint := it.alias + "." + it.table.Keys[0] + " = ..."
	for _, k := range env {
		if k.group != it.table.Group || len(k.ids) == 0 {
			continue
		}
		if c := s.cols[k.ids[0]]; c.item != nil && c.item != it {
			return it.alias + "." + it.table.Keys[0] + " = " + c.item.alias + "." + c.name
		}
	}
	return hint
}

// spreadJoin: left are the keys of what stands before j, for LATERAL.
func (b *block) spreadJoin(j *join, env, left []keySet) *kindOf {
	if j.item != nil {
		if j.item.lateral {
			env = slices.Concat(env, left)
		}
		return b.spreadItem(j.item, env)
	}
	if j.except {
		return &kindOf{refusal: refusef("", "this kind of join is not supported over several shards")}
	}
	l := b.spreadJoin(j.left, env, left)
	r := b.spreadJoin(j.right, env, slices.Concat(left, l.keys))
	return b.s.join(j.kind, l, r, j.on)
}

func (b *block) spreadItem(it *item, env []keySet) *kindOf {
	switch {
	case it.sub != nil:
		return it.sub.spreadDerived(env)
	case it.table == nil || it.table.Kind == shards.Reference:
		return everywhere
	case it.table.Kind == shards.Single:
		r := refusef(hintOneShard, "table %q is on one shard alone, and the statement concerns others too", it.table.Name)
		r.gather = true
		return &kindOf{refusal: r}
	case b.s.isTied(it, env, nil):
		return everywhere // all that matters is on the shard of the row around it
	}
	k := it.keySet()
	if len(k.ids) == 0 {
		return &kindOf{sharded: true}
	}
	return &kindOf{sharded: true, keys: []keySet{k}}
}

// eitherRefused is how rows are spread of which one side cannot be had, or that
// every shard has on both sides; nil of all others.
func eitherRefused(left, right *kindOf) *kindOf {
	switch {
	case left.refusal != nil:
		return left
	case right.refusal != nil:
		return right
	case !left.sharded && !right.sharded:
		return everywhere
	}
	return nil
}

// join is how the rows of a join are spread; l has what its condition says.
func (s *statement) join(kind pg_query.JoinType, left, right *kindOf, l *level) *kindOf {
	if k := eitherRefused(left, right); k != nil {
		return k
	}
	if left.sharded && right.sharded {
		return s.joinSharded(kind, left, right, l)
	}
	preserved := kind == pg_query.JoinType_JOIN_FULL || kind == pg_query.JoinType_JOIN_LEFT && !left.sharded || kind == pg_query.JoinType_JOIN_RIGHT && !right.sharded
	if preserved {
		r := refusef("Put the sharded table on the other side of the join.", "an outer join that keeps all rows of a reference table is not supported over several shards")
		r.gather = true
		return &kindOf{refusal: r}
	}
	if left.sharded {
		return left
	}
	return right
}

func (s *statement) joinSharded(kind pg_query.JoinType, left, right *kindOf, l *level) *kindOf {
	c := s.classes(l, nil)
	met := slices.ContainsFunc(left.keys, func(a keySet) bool {
		return slices.ContainsFunc(right.keys, func(b keySet) bool { return c.matchKeys(a, b) })
	})
	if !met {
		return &kindOf{refusal: s.notOnKey(left, right)}
	}
	leftNull := kind == pg_query.JoinType_JOIN_RIGHT || kind == pg_query.JoinType_JOIN_FULL
	rightNull := kind == pg_query.JoinType_JOIN_LEFT || kind == pg_query.JoinType_JOIN_FULL
	k := &kindOf{sharded: true}
	for _, one := range left.keys {
		one.nullable = one.nullable || leftNull
		k.keys = append(k.keys, one)
	}
	for _, one := range right.keys {
		one.nullable = one.nullable || rightNull
		k.keys = append(k.keys, one)
	}
	return k
}

func (s *statement) notOnKey(left, right *kindOf) *refusal {
	r := refusef("Join on the sharding key.", "a join of sharded tables that is not on the sharding key is not supported over several shards")
	r.gather = true
	a, b := s.keyName(left), s.keyName(right)
	if a != "" && b != "" {
		r.hint = "Add " + a + " = " + b + ", or give the sharding key."
	}
	return r
}

func (s *statement) keyName(k *kindOf) string {
	if len(k.keys) == 0 {
		return ""
	}
	c := s.cols[k.keys[0].ids[0]]
	if c.item == nil {
		return c.name
	}
	return c.item.alias + "." + c.name
}
