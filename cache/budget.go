package cache

import "sync/atomic"

// budget counts bytes up to a limit, which is not exceeded even for a moment
// unless it is made smaller.
type budget struct {
	used, limit atomic.Int64 // a limit of 0 is none
}

// take counts size bytes, if there is room.
func (b *budget) take(size int64) bool {
	for {
		used, limit := b.used.Load(), b.limit.Load()
		if limit != 0 && used+size > limit {
			return false
		}
		if b.used.CompareAndSwap(used, used+size) {
			return true
		}
	}
}

func (b *budget) over() bool {
	limit := b.limit.Load()
	return limit != 0 && b.used.Load() > limit
}

// reserve makes room for size bytes of a rule's and counts them, or says that
// there is none.
func (c *Cache) reserve(r *Rule, size int64) bool {
	if !c.makeRoom(&r.budget, r, size) {
		return false
	}
	if !c.makeRoom(&c.all, nil, size) {
		r.budget.used.Add(-size)
		return false
	}
	return true
}

// release gives back what was reserved.
func (c *Cache) release(r *Rule, size int64) {
	c.all.used.Add(-size)
	r.budget.used.Add(-size)
}

// makeRoom has entries give way, those of one rule or any, until there is
// room: longest unused first. The stores give way in turns, so what goes is
// nearly what was used longest ago.
func (c *Cache) makeRoom(b *budget, of *Rule, size int64) bool {
	if limit := b.limit.Load(); limit != 0 && size > limit {
		return false
	}
	for !b.take(size) {
		if !c.evict(of) {
			return false // all that is counted is being recorded by others
		}
	}
	return true
}

// shrink drops what is over a limit that was made smaller: the rule's, or the
// cache's.
func (c *Cache) shrink(of *Rule) {
	b := &c.all
	if of != nil {
		b = &of.budget
	}
	for b.over() && c.evict(of) {
	}
}

// evict drops one entry, if there is one.
func (c *Cache) evict(of *Rule) bool {
	for range shards {
		if c.stores[c.hand.Add(1)&(shards-1)].evict(of) {
			return true
		}
	}
	return false
}
