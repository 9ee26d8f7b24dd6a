package commit

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// durable makes the transaction's end wait for the standbys that the server
// waits for by default, whatever its client chose: a decision that outlives
// what it decides upon, or is outlived by it, is none.
const durable = "SELECT pg_catalog.set_config('synchronous_commit', 'on', true)" +
	" WHERE pg_catalog.current_setting('synchronous_commit') OPERATOR(pg_catalog.=) ANY ('{off,local}'::pg_catalog.text[]); "

// decideSQL begins the last statement before the decider's COMMIT; Recovery
// knows a session that hangs there by it.
const decideSQL = "SELECT wye.decide('"

// several commits where several shards wrote.
func (r *run) several(ctx context.Context) Outcome {
	mm, others, err := r.choose()
	if err == nil {
		err = r.c.o.Budget.take(ctx, shardsOf(others))
	}
	if err != nil {
		r.rollBack(ctx, r.legs)
		return failed(err)
	}
	r.name, r.secret = newName(r.c.cluster, mm.Shard, r.c.o.Now(), r.c.o.Random)
	id := r.name.String()
	r.c.open.begin(id)
	out := r.decideAndFollow(ctx, mm, others)
	r.c.open.end(id, out.Left)
	out.Name = id
	return out
}

// choose picks the decider: by chance, so that no shard decides for all,
// unless one cannot be prepared.
func (r *run) choose() (mm *leg, others []*leg, err *pgerror.Error) {
	pick := int(r.c.o.Random() % uint64(len(r.writers)))
	plain := 0
	for i, l := range r.writers {
		if l.Plain {
			pick = i
			plain++
		}
	}
	if plain > 1 {
		return nil, nil, pgerror.New(pgerror.FeatureNotSupported, "cannot commit temporary tables or notifications on more than one shard").
			WithHint("use temporary tables and NOTIFY in transactions that write on one shard")
	}
	for i, l := range r.writers {
		if i != pick {
			others = append(others, l)
		}
	}
	return r.writers[pick], others, nil
}

// decideAndFollow is the commit itself. Until COMMIT leaves for the decider
// nothing is decided; when that has succeeded, nothing can fail any more.
func (r *run) decideAndFollow(ctx context.Context, mm *leg, others []*leg) Outcome {
	first := append(append([]*leg{mm}, others...), r.early...)
	r.phase(ctx, first, func(ctx context.Context, l *leg) {
		switch {
		case l == mm:
			_ = r.send(ctx, l, ArrowDecide, decideSQL+r.name.String()+"', '"+r.secret+"')", "SELECT 1")
		case l.Wrote:
			err := r.send(ctx, l, ArrowPrepare, durable+"PREPARE TRANSACTION '"+r.name.gid(l.Shard)+"'", "PREPARE TRANSACTION")
			l.prepared = err == nil || l.lost
		default:
			r.commitReader(ctx, l)
		}
	})
	if err := firstError(first); err != nil {
		return r.undo(ctx, mm, others, err)
	}
	if ctx.Err() != nil {
		return r.undo(ctx, mm, others, errCanceled)
	}
	r.phase(ctx, []*leg{mm}, func(ctx context.Context, l *leg) { _ = r.send(ctx, l, ArrowCommit, "COMMIT", "COMMIT") })
	switch {
	case mm.lost:
		return r.lostInCommit(ctx, mm, others)
	case mm.err != nil:
		return r.undo(ctx, mm, others, mm.err)
	}
	return r.follow(ctx, others)
}

// undo: COMMIT was not sent to the decider, or it refused, so that there can
// be no decision row.
func (r *run) undo(ctx context.Context, mm *leg, others []*leg, why *pgerror.Error) Outcome {
	out := failed(why)
	r.rollBack(ctx, append(append([]*leg{mm}, others...), r.late...))
	out.Left = r.finish(ctx, others, ArrowUndo)
	return out
}

// follow: it is decided.
func (r *run) follow(ctx context.Context, others []*leg) Outcome {
	out := Outcome{State: Committed, Left: r.finish(ctx, others, ArrowFinish)}
	r.phase(ctx, r.late, r.commitReader)
	return out
}

// lostInCommit asks the decider by another way what was decided.
func (r *run) lostInCommit(ctx context.Context, mm *leg, others []*leg) Outcome {
	r.c.step(Step{Arrow: ArrowAsk, Shard: mm.Shard})
	committed, err := r.c.askPatiently(context.WithoutCancel(ctx), r.name)
	r.c.step(Step{Arrow: ArrowAsk, Shard: mm.Shard, Done: true})
	switch {
	case err == nil && committed:
		return r.follow(ctx, others)
	case err == nil:
		return r.undo(ctx, mm, others, mm.err)
	}
	for _, l := range others {
		r.c.open.leave(r.name.gid(l.Shard), l.Shard)
	}
	r.rollBack(ctx, r.late)
	return Outcome{State: Unknown, Err: errUnknown, Left: len(others)}
}

// finish ends what is prepared, and returns how many are left to Recovery.
func (r *run) finish(ctx context.Context, legs []*leg, arrow Arrow) (left int) {
	verb := map[Arrow]string{ArrowFinish: "COMMIT PREPARED", ArrowUndo: "ROLLBACK PREPARED"}[arrow]
	r.phase(ctx, legs, func(ctx context.Context, l *leg) {
		if !l.prepared {
			return
		}
		if gid := r.name.gid(l.Shard); r.finished(ctx, l, arrow, verb, gid) {
			l.prepared = false
		} else {
			r.c.open.leave(gid, l.Shard)
		}
	})
	for _, l := range legs {
		if l.prepared {
			left++
		} else {
			r.c.o.Budget.give(l.Shard)
		}
	}
	return left
}

// secondTry bounds what a client waits for a shard that its transaction does
// not depend on any more.
const secondTry = 2 * time.Second

// finished tries on the connection that prepared it; where that is lost, or
// has another role now than it had, on one of wye's own. A PREPARE whose
// answer was lost may yet be under way, so that nobody can finish it here.
func (r *run) finished(ctx context.Context, l *leg, arrow Arrow, verb, gid string) bool {
	if l.lost && arrow == ArrowUndo {
		return false
	}
	sql := verb + " '" + gid + "'"
	if !l.lost && r.send(ctx, l, arrow, sql, verb) == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, secondTry)
	defer cancel()
	conn, err := r.c.dial(ctx, l.Shard)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = conn.Exec(ctx, sql)
	return err == nil || saidCode(err, pgerror.UndefinedObject)
}

func shardsOf(legs []*leg) []int {
	var shards []int
	for _, l := range legs {
		shards = append(shards, l.Shard)
	}
	return shards
}
