package shardplan

import (
	"errors"
	"slices"
	"sync"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// program computes a set of shards from arguments.
type program struct {
	op    op
	set   shards.Set // of a constant; of the others: where there is nothing to tell
	table *shards.Table
	keys  []key      // of opKey: one per column of the sharding key
	list  value      // of opArray
	at    int        // of opArray: which of keys it is
	lo    *bound     // of opRange
	hi    *bound     // of opRange
	kids  []*program // of opAnd and opOr
}

type op uint8

const (
	opConst op = iota
	opKey
	opArray // = ANY (array)
	opRange
	opAnd
	opOr
)

// key is a value for one column of the sharding key, compared with a column of
// type typ.
type key struct {
	value
	typ shardfunc.Type
	// distinct: IS NOT DISTINCT FROM: a NULL is not nothing.
	distinct bool
	// assigned: it is not compared with the column but written to it, cast and
	// rounded as that may be.
	assigned bool
}

// shard is the value by which a row is looked for.
func (k *key) shard(args []plan.Arg) (shardfunc.Value, outcome) {
	if !k.assigned {
		return k.eval(k.typ, args)
	}
	v, err := k.typed(k.typ, args)
	if err == nil {
		v, err = shardfunc.Assign(k.typ, -1, v)
	}
	if err != nil || v.IsNull() {
		return v, unknown
	}
	return v, matches
}

type bound struct {
	key
	inclusive bool
}

func constant(set shards.Set) *program { return &program{op: opConst, set: set} }

// and leaves out what says nothing.
func and(all shards.Set, list ...*program) *program {
	out := &program{op: opAnd}
	for _, p := range list {
		if p.op == opConst && p.set&all == all || out.has(p) {
			continue
		}
		out.kids = append(out.kids, p)
	}
	switch len(out.kids) {
	case 0:
		return constant(all)
	case 1:
		return out.kids[0]
	}
	return out
}

// has reports whether q is among p's kids: joins say the same several times.
func (p *program) has(q *program) bool {
	return slices.ContainsFunc(p.kids, func(k *program) bool { return k.same(q) })
}

// same reports whether p and q are the same key of the same map, with columns
// of one type.
func (p *program) same(q *program) bool {
	if p.op != opKey || q.op != opKey || p.table.Group != q.table.Group || len(p.keys) != len(q.keys) || p.set != q.set {
		return false
	}
	for i := range p.keys {
		if p.keys[i] != q.keys[i] {
			return false
		}
	}
	return true
}

// or says nothing if one of list does.
func or(all shards.Set, list ...*program) *program {
	out := &program{op: opOr}
	for _, p := range list {
		switch {
		case p.op == opConst && p.set&all == all:
			return constant(all)
		case p.op == opConst && p.set == 0, out.has(p):
		default:
			out.kids = append(out.kids, p)
		}
	}
	switch len(out.kids) {
	case 0:
		return constant(0)
	case 1:
		return out.kids[0]
	}
	return out
}

// keyBuffers keep the values of a key, which the map takes as a slice.
var keyBuffers = sync.Pool{New: func() any { return new([shards.MaxKeys]shardfunc.Value) }}

// giveBack forgets the values, which may be of a client's message.
func giveBack(values *[shards.MaxKeys]shardfunc.Value) {
	clear(values[:])
	keyBuffers.Put(values)
}

func (p *program) eval(m *shards.Map, args []plan.Arg) shards.Set {
	switch p.op {
	case opKey:
		return p.evalKey(m, args)
	case opArray:
		return p.evalArray(m, args)
	case opRange:
		return p.evalRange(m, args)
	case opAnd:
		set := p.kids[0].eval(m, args)
		for _, k := range p.kids[1:] {
			set &= k.eval(m, args)
		}
		return set
	case opOr:
		set := shards.Set(0)
		for _, k := range p.kids {
			set |= k.eval(m, args)
		}
		return set
	}
	return p.set
}

func (p *program) evalKey(m *shards.Map, args []plan.Arg) shards.Set {
	values := keyBuffers.Get().(*[shards.MaxKeys]shardfunc.Value)
	defer giveBack(values)
	known := true
	for i := range p.keys {
		v, what := p.keys[i].shard(args)
		switch {
		case what == nothing, what == isNull && !p.keys[i].distinct:
			return 0
		case what != matches:
			known = false
		}
		values[i] = v
	}
	if !known {
		return p.set
	}
	return locate(m, p.table, values[:len(p.keys)], p.set)
}

// locate is where rows with a key are; else is for what the map cannot tell.
func locate(m *shards.Map, t *shards.Table, values []shardfunc.Value, otherwise shards.Set) shards.Set {
	shard, err := m.Locate(t, values)
	switch {
	case err == nil:
		return shards.One(shard)
	case errors.Is(err, shards.ErrNull), errors.Is(err, shards.ErrUnmapped):
		return 0
	}
	return otherwise
}

func (p *program) evalArray(m *shards.Map, args []plan.Arg) shards.Set {
	elements, ok := p.list.elements(p.keys[p.at].typ, args)
	if !ok {
		return p.set
	}
	set := shards.Set(0)
	one := program{op: opKey, set: p.set, table: p.table, keys: append([]key(nil), p.keys...)}
	for _, e := range elements {
		one.keys[p.at].value = e
		set |= one.evalKey(m, args)
	}
	return set
}

func (p *program) evalRange(m *shards.Map, args []plan.Arg) shards.Set {
	lo, some := p.lo.eval(args)
	if !some {
		return 0
	}
	hi, some := p.hi.eval(args)
	if !some {
		return 0
	}
	return m.LocateRange(p.table, lo, hi)
}

// eval is false if nothing can be in the bound: it is NULL. What is not known
// bounds nothing.
func (b *bound) eval(args []plan.Arg) (_ shards.Bound, some bool) {
	if b == nil {
		return shards.Bound{}, true
	}
	v, what := b.key.eval(b.typ, args)
	switch what {
	case isNull:
		return shards.Bound{}, false
	case matches:
		return shards.Bound{Value: v, Inclusive: b.inclusive}, true
	}
	return shards.Bound{}, true
}
