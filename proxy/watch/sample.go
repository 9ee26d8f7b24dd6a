package watch

import (
	"context"
	"errors"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// ErrClosed says that the watcher was closed while somebody waited.
var ErrClosed = errors.New("watch: closed")

// errNoPrimary says that there is nobody to sample.
var errNoPrimary = errors.New("no primary is known")

// SampleNow asks the primary for its position, then the replicas for theirs,
// and returns when the clock knows. Callers at the same time share one
// round. It fails at once when there is no primary.
func (w *Watcher) SampleNow(ctx context.Context) error {
	since := w.demandSample()
	for {
		moved := w.watchMoves()
		if _, ok := w.Primary(); !ok {
			return errNoPrimary
		}
		if w.sampledSince(since) {
			return nil
		}
		if err := w.pause(ctx, moved); err != nil {
			return err
		}
	}
}

func (w *Watcher) demandSample() freshness.Instant {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.demand = freshness.Now()
	if p := w.roles.primary; p != nobody {
		w.hurry(w.nodes[p], 0)
	}
	return w.demand
}

// sampledSince says that the primary was asked after since, and every replica
// that may be read after that, unless it is known to have replayed it.
func (w *Watcher) sampledSince(since freshness.Instant) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sampled < since {
		return false
	}
	for _, n := range w.nodes {
		if w.Replica(n.number) && n.asked < w.sampled && w.o.Clock.FreshAsOf(n.number) < w.sampled {
			return false
		}
	}
	return true
}
