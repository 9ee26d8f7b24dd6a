package commit

import (
	"context"
	"sync"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Budget bounds how many transactions this proxy has prepared at once on each
// shard, so that a burst waits here for a moment instead of failing there
// half way. Safe for concurrent use; it outlives a reload.
type Budget struct {
	wait  time.Duration
	lock  sync.Mutex
	limit map[int]int // absent: not known, not bounded
	used  map[int]int
	freed chan struct{} // closed, and made anew, when something is given back
}

// DefaultBudgetWait is how long a commit waits for room before it is refused.
const DefaultBudgetWait = time.Second

// NewBudget returns one without limits. wait is how long a commit waits for
// room, DefaultBudgetWait when 0.
func NewBudget(wait time.Duration) *Budget {
	if wait == 0 {
		wait = DefaultBudgetWait
	}
	return &Budget{wait: wait, limit: map[int]int{}, used: map[int]int{}, freed: make(chan struct{})}
}

// Limit sets a shard's limit from its max_prepared_transactions and from how
// many proxies share it: four fifths are ours together, for others prepare
// too, and what is left to recovery still counts.
func (b *Budget) Limit(shard, maxPrepared, proxies int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.limit[shard] = max(1, maxPrepared*4/5/max(1, proxies))
	b.wake()
}

// Use is how many of how many are taken on a shard; of is 0 when there is no
// limit.
func (b *Budget) Use(shard int) (used, of int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	return b.used[shard], b.limit[shard]
}

// take takes one of each shard, all at once: who waits holds none, so that
// two cannot wait for each other.
func (b *Budget) take(ctx context.Context, shards []int) *pgerror.Error {
	patience := time.NewTimer(b.wait)
	defer patience.Stop()
	for {
		full, freed := b.try(shards)
		if full < 0 {
			return nil
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return errCanceled
		case <-patience.C:
			return pgerror.Newf(pgerror.TooManyConnections, "too many prepared transactions on shard %d", full).
				WithHint("raise max_prepared_transactions on every shard; SHOW IN_DOUBT tells whether old ones are left")
		}
	}
}

// try takes all, or returns a shard that is full and what to wait for.
func (b *Budget) try(shards []int) (full int, freed <-chan struct{}) {
	b.lock.Lock()
	defer b.lock.Unlock()
	for _, s := range shards {
		if of, known := b.limit[s]; known && b.used[s] >= of {
			return s, b.freed
		}
	}
	for _, s := range shards {
		b.used[s]++
	}
	return -1, nil
}

func (b *Budget) give(shard int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.used[shard]--
	b.wake()
}

func (b *Budget) wake() {
	close(b.freed)
	b.freed = make(chan struct{})
}
