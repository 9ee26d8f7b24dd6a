package session

import (
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// keptQuery answers a simple Query from the cache. If it does not, it may
// have the answer that is about to come kept there. from is the shard that
// the answer is of.
func (s *Session) keptQuery(read *sqlparse.Statement, sql []byte, from int) bool {
	t := s.t
	if !t.queue.empty() || t.unsynced || len(t.out) > 0 {
		return false
	}
	rule, v := s.keptBy(read, from)
	if rule == nil {
		return false
	}
	e := s.lookUp(&keptQuestion{read: read, sql: sql, from: from}, rule, v)
	if e == nil {
		return false
	}
	s.forgetUnnamed()
	t.executed++
	s.replayKept(s.edit(), e)
	if s.conn == nil {
		s.tally.Query(now() - s.requestAt)
	} // else finish counts it
	return true
}

// keptBatch is keptQuery for the batch at the front of the client's input. It
// takes the whole batch out of the input if it answers it.
func (s *Session) keptBatch(in []byte, from int) (answered bool, err error) {
	if s.tx.state > txBegun || s.pins != 0 || s.inTransaction() && (s.portalsOpen() || !s.settings.Load().Keep.InTransactions) {
		return false, nil
	}
	q, ok := s.questionAhead(in)
	q.from = from
	var e *cache.Entry
	if ok {
		if rule, v := s.keptBy(q.read, from); rule != nil {
			e = s.lookUp(&q, rule, v)
		}
	}
	if e == nil {
		if q.parse != nil {
			s.traffic().first = q.read // takeParse need not read it again
		}
		return false, nil
	}
	t := s.traffic()
	b := s.edit()
	if q.parse != nil {
		s.tally.ClientParses++
		s.rememberUnnamed(q.parse, q.read)
		b = protocol.AppendFrame(b, '1')
	}
	s.tally.Binds++
	t.executed++
	s.tally.Received += int64(q.size)
	s.replayKept(protocol.AppendFrame(b, '2'), e)
	s.tally.Query(now() - s.requestAt)
	s.client.Consume(q.size)
	return true, s.finishLocal()
}

func (s *Session) replayKept(b []byte, e *cache.Entry) {
	s.tx.answered = s.tx.state == txBegun
	s.edited(protocol.AppendReady(append(b, e.Frames...), s.idleStatus))
}

// lookUp finds a kept answer that is still true. Without one the session
// becomes the one that fills it, or waits for who does, or is left to ask on
// its own.
func (s *Session) lookUp(q *keptQuestion, rule *KeepRule, v *router.Verdict) *cache.Entry {
	keep := s.settings.Load().Keep
	t := s.traffic()
	t.key = s.appendKey(t.key[:0], q)
	began := now()
	s.requestAt = began
	for at := began; ; at = now() {
		asked := instant(at)
		since := s.validSince(v, q.from, asked)
		look := cache.Lookup{
			Now: cache.Instant(asked), ValidSince: cache.Instant(since), TTL: rule.TTL, Stale: rule.Stale, Rule: rule.Rule,
		}
		e, refresh := keep.Cache.Get(t.key, look)
		if e != nil && !refresh {
			return e
		}
		fill, wait := keep.Cache.Begin(t.key, look, v.Tables)
		switch {
		case fill != nil:
			if q.tellsTime() {
				fill.Abandon()
				return nil
			}
			t.fill = &filling{Fill: fill, verdict: v, from: q.from, asOf: asked, most: rule.MaxEntry, status: s.idleStatus}
			return nil
		case e != nil:
			return e // somebody asks anew
		case s.conn != nil: // who fills may be waiting for it
			return nil
		case wait == nil || !s.awaitKept(wait, keep.Wait-(at-began)):
			return nil
		}
	}
}

// awaitKept waits for whoever fills. It is false when that took too long, or
// the session is to end.
func (s *Session) awaitKept(wait *cache.Wait, most time.Duration) bool {
	if most <= 0 || s.mustEnd() != nil {
		return false
	}
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-wait.Done():
		return true
	case <-timer.C:
	case <-s.env.Registry.ctx.Done():
	}
	return false
}
