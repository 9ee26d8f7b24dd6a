package shards

import (
	"sort"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// span are the keys from lo up to, but not including, hi. A NULL is no bound.
type span struct {
	lo, hi shardfunc.Value
	shard  int
}

// ranges are spans in order, none overlapping.
type ranges struct {
	spans    []span
	fallback int // shard of keys in no span, or -1
}

// find is the first span that ends after v: the only one that may hold it.
func (r *ranges) find(v shardfunc.Value) int {
	return sort.Search(len(r.spans), func(i int) bool {
		hi := r.spans[i].hi
		return hi.IsNull() || shardfunc.Compare(v, hi) < 0
	})
}

func (r *ranges) locate(key []shardfunc.Value) int {
	i := r.find(key[0])
	if i < len(r.spans) && (r.spans[i].lo.IsNull() || shardfunc.Compare(r.spans[i].lo, key[0]) <= 0) {
		return r.spans[i].shard
	}
	return r.fallback
}

func (r *ranges) all() Set {
	set := Set(0)
	for _, s := range r.spans {
		set |= One(s.shard)
	}
	if r.fallback >= 0 {
		set |= One(r.fallback)
	}
	return set
}

// between unites the spans that the bounds reach, and the default where they
// reach beyond or between spans.
func (r *ranges) between(lo, hi Bound) Set {
	set, i := Set(0), 0
	if !lo.Value.IsNull() {
		i = r.find(lo.Value)
	}
	reached, covered := lo.Value, true // all keys below reached are accounted for
	for ; i < len(r.spans) && !startsAfter(r.spans[i], hi); i++ {
		s := r.spans[i]
		if !s.lo.IsNull() && (reached.IsNull() || shardfunc.Compare(s.lo, reached) > 0) {
			covered = false
		}
		set |= One(s.shard)
		if reached = s.hi; reached.IsNull() {
			return r.plusDefault(set, covered)
		}
	}
	done := !hi.Value.IsNull() && !reached.IsNull() && set != 0 &&
		(shardfunc.Compare(reached, hi.Value) > 0 || shardfunc.Compare(reached, hi.Value) == 0 && !hi.Inclusive)
	return r.plusDefault(set, covered && done)
}

func startsAfter(s span, hi Bound) bool {
	if s.lo.IsNull() || hi.Value.IsNull() {
		return false
	}
	c := shardfunc.Compare(s.lo, hi.Value)
	return c > 0 || c == 0 && !hi.Inclusive
}

func (r *ranges) plusDefault(set Set, covered bool) Set {
	if !covered && r.fallback >= 0 {
		set |= One(r.fallback)
	}
	return set
}
