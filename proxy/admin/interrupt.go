package admin

import (
	"context"
	"sync"
)

// Interrupt carries a cancel request to the verb that a console session waits
// for, PAUSE or WAIT_CLOSE say. The zero value is ready. Safe for concurrent
// use; one Interrupt serves one session.
type Interrupt struct {
	mu     sync.Mutex
	cancel context.CancelFunc
}

// Fire cancels the running verb. Between verbs it does nothing.
func (i *Interrupt) Fire() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cancel != nil {
		i.cancel()
	}
}

// arm returns the context of one verb and a function that ends it. A Fire that
// comes after the end finds nothing to cancel.
func (i *Interrupt) arm(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if i == nil {
		return ctx, cancel
	}
	i.mu.Lock()
	i.cancel = cancel
	i.mu.Unlock()
	return ctx, func() {
		i.mu.Lock()
		i.cancel = nil
		i.mu.Unlock()
		cancel()
	}
}
