package commit

import (
	"context"
	"sync"
)

// onlyReaders commits where nothing was written: there is nothing to decide.
func (r *run) onlyReaders(ctx context.Context) Outcome {
	r.phase(ctx, r.legs, r.commitReader)
	if err := firstError(r.legs); err != nil {
		return failed(err)
	}
	return Outcome{State: Committed}
}

// oneWriter commits it plainly, after those readers whose COMMIT may fail.
func (r *run) oneWriter(ctx context.Context) Outcome {
	r.phase(ctx, r.early, r.commitReader)
	err := firstError(r.early)
	if err == nil && ctx.Err() != nil {
		err = errCanceled
	}
	if err != nil {
		r.rollBack(ctx, append(r.writers, r.late...))
		return failed(err)
	}
	w := r.writers[0]
	r.phase(ctx, r.writers, func(ctx context.Context, l *leg) { _ = r.send(ctx, l, ArrowCommit, "COMMIT", "COMMIT") })
	switch {
	case w.lost:
		r.rollBack(ctx, r.late)
		return Outcome{State: Unknown, Err: errUnknownSingle(w.Shard)}
	case w.err != nil:
		r.rollBack(ctx, r.late)
		return failed(w.err)
	}
	r.phase(ctx, r.late, r.commitReader)
	return Outcome{State: Committed}
}

func (r *run) commitReader(ctx context.Context, l *leg) {
	_ = r.send(ctx, l, ArrowRead, "COMMIT", "COMMIT")
}

// rollBack ends the open transactions among legs. A connection on which that
// fails is lost, and the transaction with it.
func (r *run) rollBack(ctx context.Context, legs []*leg) {
	r.phase(ctx, legs, func(ctx context.Context, l *leg) {
		if l.ended {
			return
		}
		before := l.err
		if r.send(ctx, l, ArrowRollback, "ROLLBACK", "ROLLBACK") != nil {
			l.lost = true
		}
		l.err = before
	})
}

// join calls f for all at once, each in a goroutine of its own, and returns
// when all are done.
func join[T any](all []T, f func(T)) {
	if len(all) == 1 {
		f(all[0])
		return
	}
	var each sync.WaitGroup
	for _, one := range all {
		each.Go(func() { f(one) })
	}
	each.Wait()
}
