package session

import (
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// finish ends a request whose answer is complete: it settles what the
// request did to the session, releases the conn when the server is idle and
// holds nothing of the session's, and leaves the answer to be sent.
func (s *Session) finish() error {
	t := s.t
	if t.unsynced {
		// The answer to a Flush, or an error before Sync.
		t.out, t.flushed, t.retried = t.out[:0], 0, true
		return s.forwardNow()
	}
	s.running.Store(nil)
	if err := s.conn.Settle(); err != nil {
		return s.serverLost(err)
	}
	if t.heldZ {
		t.heldZ = false
		s.flushScan()
		if err := s.settleChange(); err != nil {
			return s.serverLost(err)
		}
		s.passNotifications()
		if s.conn.Reported != s.told {
			s.tell(s.conn.Reported)
		}
		s.edited(protocol.AppendReady(s.edit(), s.idleStatus))
	}
	s.passNotifications()
	at := now()
	s.noteSeen(at)
	if s.replica != nil {
		s.tally.ReplicaReads++
	}
	s.tally.Query(at - s.requestAt)
	s.tally.Queries += int64(max(t.executed-1, 0))
	if err := s.queueAnswer(); err != nil {
		return err
	}
	s.store()
	s.rest(at)
	return nil
}

// passNotifications passes on what came while the session asked the server
// something of its own.
func (s *Session) passNotifications() {
	if s.conn == nil || len(s.conn.Unasked) == 0 {
		return
	}
	s.flushScan()
	s.edited(append(s.edit(), s.conn.Unasked...))
	s.conn.Unasked = nil
}

// rest is what a session does between requests: give back what it does not
// need.
func (s *Session) rest(at time.Duration) {
	if s.idleStatus == protocol.TxIdle || s.tx.state == txFailed {
		s.tally.Xact(at - s.xactAt)
		s.xactAt = at
		s.shown.xactSince.Store(0)
		if s.pins == 0 && s.mode() != Wholly && s.conn != nil {
			s.release(at)
		}
	} else if s.tx.state == txBegun {
		s.release(at) // a read that the transaction's server need not see
		s.tx.answered = true
	} else if s.shown.xactSince.Load() == 0 {
		s.shown.xactSince.Store(int64(s.xactAt))
	}
	s.counts.Add(&s.tally)
	s.dropTraffic()
	s.setState(s.restState(), at)
}

// release gives the conn back.
func (s *Session) release(at time.Duration) {
	c := s.conn
	s.conn = nil
	if s.replica == nil {
		s.last = c
	}
	s.leaveReplica(at, true)
	s.unwatchServer(c)
	s.shown.conn.Store(0)
	c.Release()
}

// leaveReplica tells the replica, if conn is at one, how it did: whether its
// server did what it was asked.
func (s *Session) leaveReplica(at time.Duration, ok bool) {
	if r := s.replica; r != nil {
		s.replica = nil
		r.Host.End(int64(instant(at)), at-s.requestAt, ok)
	}
}

// finishLocal ends a request that needed no server.
func (s *Session) finishLocal() error {
	at := now()
	if err := s.queueAnswer(); err != nil {
		return err
	}
	if s.t.skipping || !s.t.queue.empty() {
		return nil
	}
	s.counts.Add(&s.tally)
	s.dropTraffic()
	s.setState(s.restState(), at)
	return nil
}

// refuseTransaction ends a transaction that a client began in statement
// mode, where there are none.
func (s *Session) refuseTransaction() error {
	if _, err := s.conn.Ask(protocol.AppendQuery(nil, "ROLLBACK"), nil); err != nil {
		return err
	}
	s.idleStatus = protocol.TxIdle
	s.change = change{}
	s.setParams(s.params)
	s.edited(pgerror.New(pgerror.FeatureNotSupported, "transaction blocks are not allowed in statement pooling mode").
		WithHint("set pool mode: transaction for this user").AppendFrame(s.edit()))
	return nil
}
