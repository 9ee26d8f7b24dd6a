package session

import (
	"context"
	"errors"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// verdict is why a session must end.
type verdict struct {
	err *pgerror.Error
	now bool // also inside a transaction
	at  time.Duration
}

var errVerdict = errors.New("session was told to end")

// Cancel cancels what the session is doing for its client at this moment, as
// a cancel request does; it does nothing when that is nothing. Any goroutine
// may call it. It returns when no late signal can follow.
//
// The session clears s.running, then looks at the conn's cancels; this
// announces itself at the conn, then looks at s.running. One of the two sees
// the other, so a cancel never hits what comes after.
func (s *Session) Cancel(ctx context.Context) {
	if pool := s.waitingIn.Load(); pool != nil {
		pool.Abandon(&s.waiter, pgerror.New(pgerror.QueryCanceled, "canceling statement due to user request"))
	}
	if s.shards != nil {
		s.shards.cancel(ctx, s)
	}
	c := s.running.Load()
	if c == nil {
		return
	}
	c.BeginCancel()
	defer c.EndCancel()
	if s.running.Load() != c {
		return
	}
	if err := c.Cancel(ctx); err != nil {
		s.env.Log.Warn("cancel request failed", "client", s.ID, "server", c.Addr, "error", err.Error())
	}
}

// End has the session ended with the error: at once, or when its transaction
// is over. The first word that it must end at once is the one its client
// hears. Any goroutine may call it.
func (s *Session) End(err *pgerror.Error, atOnce bool) {
	if s.doomed() != nil {
		return
	}
	s.verdict.Store(&verdict{err: err.AsFatal(), now: atOnce, at: now()})
	s.client.Interrupt()
	if atOnce {
		s.client.SetWriteDeadline(time.Now().Add(goodbyeTimeout)) // it may be writing to someone who does not read
		s.env.Registry.spawn(s, (*Session).cancelNow)
	} else if pool := s.waitingIn.Load(); pool != nil && pool.Counts(time.Now()).Paused {
		pool.Abandon(&s.waiter, err) // its turn may never come
	}
}

// cancelNow cancels what the session does for no client's sake: it is not
// waited for when the process ends.
func (s *Session) cancelNow() { s.Cancel(s.env.Registry.ctx) }

// doomed returns the verdict if the session is to end at once.
func (s *Session) doomed() *verdict {
	if v := s.verdict.Load(); v != nil && v.now {
		return v
	}
	return nil
}

// Sever closes what the session may be waiting for, its client and its
// server, neither of which answers. Any goroutine may call it.
func (s *Session) Sever() {
	s.client.Sever()
	if s.shards != nil {
		s.shards.sever()
	}
	c := s.running.Load()
	if c == nil {
		return
	}
	c.BeginCancel() // or it could be in other hands by now
	defer c.EndCancel()
	if s.running.Load() == c {
		_ = c.NetConn().Close()
	}
}

// severAfter is how long a session that must end at once may take, before
// its connections are closed without a word.
const severAfter = 5 * time.Second

// mustEnd returns the verdict if it is to be carried out now.
func (s *Session) mustEnd() *verdict {
	v := s.verdict.Load()
	if v == nil || !v.now && (s.inTransaction() || s.t != nil && s.owed()) {
		return nil
	}
	return v
}

// Enforce carries out the time limits. The registry's owner calls it several
// times a second.
func (r *Registry) Enforce() {
	at := now()
	for _, s := range r.All() {
		if limit := s.overdue(at); limit != nil {
			r.spawn(s, limit)
		}
	}
}

// spawn does something to a session that may take a while.
func (r *Registry) spawn(s *Session, do func(*Session)) {
	r.work.Add(1)
	go r.enforce(s, do)
}

func (r *Registry) enforce(s *Session, limit func(*Session)) {
	defer r.work.Done()
	limit(s)
}

// overdue returns what is to be done to the session, or nil. Only Enforce
// calls it.
func (s *Session) overdue(at time.Duration) func(*Session) {
	limits := s.settings.Load()
	st, since := s.doing()
	for_ := at - since
	inTx := s.shown.inTx.Load()
	over := func(limit time.Duration, d time.Duration) bool { return limit > 0 && d > limit }
	began := time.Duration(s.shown.xactSince.Load())
	if v := s.doomed(); v != nil {
		if over(severAfter, at-v.at) {
			return (*Session).Sever
		}
		return nil
	}
	left := time.Duration(s.shown.left.Load())
	switch {
	case left > 0 && (st == active || st == queued) && over(halfCloseGrace, at-left):
		return ender(pgerror.ConnectionFailure, "connection to client lost")
	case st == active && over(limits.QueryTimeout, for_) && over(limits.QueryTimeout, at-s.timedOut):
		s.timedOut = at // once per limit: what runs next in a pipeline has its own time
		return (*Session).cancelNow
	case inTx && began > 0 && over(limits.TransactionLimit, at-began):
		return ender("25P04", "terminating connection due to transaction timeout")
	case (st == holding || st == idle) && inTx && over(limits.IdleInTransaction, for_):
		return ender(pgerror.IdleInTransactionTimeout, "terminating connection due to idle-in-transaction timeout")
	case (st == idle || st == holding) && !inTx && over(limits.ClientIdle, for_):
		return ender(pgerror.IdleSessionTimeout, "terminating connection due to idle-session timeout")
	}
	return nil
}

func ender(code, message string) func(*Session) {
	return func(s *Session) { s.End(pgerror.Fatal(code, message), true) }
}
