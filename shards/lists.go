package shards

import "github.com/wyeproxy/wye/shards/shardfunc"

// lists are keys one by one.
type lists struct {
	shard    map[shardfunc.Value]int // by Value.Key
	fallback int                     // shard of keys in no list, or -1
}

func (l *lists) locate(key []shardfunc.Value) int {
	if shard, ok := l.shard[key[0].Key()]; ok {
		return shard
	}
	return l.fallback
}

func (l *lists) all() Set {
	set := Set(0)
	for _, shard := range l.shard {
		set |= One(shard)
	}
	if l.fallback >= 0 {
		set |= One(l.fallback)
	}
	return set
}

// between unites the shards of listed keys between the bounds; any other key is
// on the default.
func (l *lists) between(lo, hi Bound) Set {
	set := Set(0)
	for v, shard := range l.shard {
		if within(v, lo, hi) {
			set |= One(shard)
		}
	}
	if l.fallback >= 0 {
		set |= One(l.fallback)
	}
	return set
}

func within(v shardfunc.Value, lo, hi Bound) bool {
	if !lo.Value.IsNull() {
		if c := shardfunc.Compare(lo.Value, v); c > 0 || c == 0 && !lo.Inclusive {
			return false
		}
	}
	if !hi.Value.IsNull() {
		if c := shardfunc.Compare(v, hi.Value); c > 0 || c == 0 && !hi.Inclusive {
			return false
		}
	}
	return true
}
