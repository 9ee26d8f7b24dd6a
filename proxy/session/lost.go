package session

import (
	"errors"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// errServerFatal: the server said why it closes the connection, in t.fatal.
var errServerFatal = errors.New("server closes the connection")

// fatalError returns the error in an ErrorResponse body after which the
// server closes the connection, else nil.
func fatalError(body []byte) *pgerror.Error {
	if e := pgerror.Parse(body); e.IsFatal() {
		return e
	}
	return nil
}

// serverLost handles the end of a server conn while it was ours. The client
// gets one error, and stays connected where nothing was lost with the server
// that it could not know of: nothing pinned it there, it has received whole
// messages, and only one request was under way. A transaction that was open
// is rolled back, and so it is told.
func (s *Session) serverLost(err error) error {
	switch {
	case err == errClientGone:
		return err
	case s.doomed() != nil:
		_ = s.forwardNow()
		return errVerdict
	}
	if s.answered() {
		return s.lostAfterwards()
	}
	if s.rerunnable() {
		return s.rerun(false, true)
	}
	t := s.traffic()
	if s.servers != nil {
		s.servers.Lost(s.conn.Addr)
	}
	inTx := s.inTransaction() || s.conn.Status != protocol.TxIdle || t.began == protocol.TxOpen || t.began == protocol.TxFailed
	stays := s.pins == 0 && t.pass == 0 && t.queue.syncs() <= 1 && !t.feeding && !t.broken && t.rest == 0 && s.mode() != Wholly
	refusal := s.lossOf(err, inTx && stays)
	s.counts.Failed(refusal.Code)
	s.dropConn()
	if !stays {
		s.tellWritten()    // it may have been
		_ = s.forwardNow() // what came before the end
		return refusal.AsFatal()
	}
	status := byte(protocol.TxIdle)
	if inTx && refusal == errTxLost {
		status, s.tx.state = protocol.TxFailed, txFailed
	}
	return s.survive(refusal, status)
}

// lossOf is what the client is told of the loss. It is the server's last
// word, where it had one, but not of a transaction that the client can go on
// from: then it matters whether the transaction may have been committed.
func (s *Session) lossOf(err error, inTx bool) *pgerror.Error {
	t := s.t
	if t.fatal == nil {
		s.env.Log.Warn("server connection lost", "client", s.ID, "db", s.Database(), "user", s.User(), "server", s.conn.Addr, "error", err.Error())
	}
	code := lostCode(t)
	switch {
	case inTx && !t.mayCommit():
		return errTxLost
	case t.fatal != nil && !inTx && (code != pgerror.TransactionOutcomeUnknown || !goesAway(t.fatal)):
		return t.fatal // a write, though, may have been committed before the server saw that it must end
	}
	return pgerror.New(code, "server closed the connection unexpectedly").
		WithDetail("the server may have finished the statement before or while the connection was lost")
}

// mayCommit reports whether something is under way that could end the open
// transaction otherwise than by rolling it back.
func (t *traffic) mayCommit() bool {
	for _, e := range t.queue.entries[t.queue.head:] {
		switch {
		case e.kind != 'Q' && e.kind != 'E' || e.begins:
			continue
		case e.read == nil:
			return true
		}
		switch e.read.Kind() {
		case sqlparse.KindCommit, sqlparse.KindPrepareTransaction, sqlparse.KindMulti, sqlparse.KindUnknown, sqlparse.KindCall, sqlparse.KindDo:
			return true
		}
	}
	return false
}

// lostCode is 08007, outcome unknown, when what was under way may have
// changed something and its answer is lost.
func lostCode(t *traffic) string {
	for _, e := range t.queue.entries[t.queue.head:] {
		switch {
		case e.begins, (e.kind == 'Q' || e.kind == 'E') && e.read != nil && readsOnly(e.read):
		case e.kind == 'Q' || e.kind == 'E' || e.kind == 'F':
			return pgerror.TransactionOutcomeUnknown
		}
	}
	return pgerror.ConnectionFailure
}

func readsOnly(read *sqlparse.Statement) bool {
	switch read.Kind() {
	case sqlparse.KindSelect, sqlparse.KindShow, sqlparse.KindEmpty, sqlparse.KindBegin:
		return true
	}
	return false
}

// survive answers the request that was under way with an error, and goes on
// without a server. status is the transaction status that the client is told.
func (s *Session) survive(refusal *pgerror.Error, status byte) error {
	t := s.t
	s.tellWritten() // it may have been
	if t.answer != nil {
		s.flushScan()
		t.answer.Release()
		t.answer = nil
	}
	for e := t.queue.first(); e != nil && !e.endsInReady(); e = t.queue.first() {
		t.queue.pop()
		if e.kind == 'P' && e.do != skip && e.stmt != nil && e.was == nil {
			s.dropStatement(e.stmt.name)
		}
	}
	c := *refusal
	c.Severity = pgerror.SeverityError
	b := c.AppendFrame(s.edit())
	synced := t.queue.first() != nil || t.heldZ // or it was answered, and held back
	s.toldStatus(status)
	s.change = change{}
	if synced {
		b = protocol.AppendReady(b, s.idleStatus)
	}
	s.edited(b)
	t.queue.reset()
	t.out, t.flushed, t.unsynced, t.heldZ, t.replay = t.out[:0], 0, false, false, replay{}
	if !synced {
		t.skipping = true
		return s.sendEdited()
	}
	if err := s.queueAnswer(); err != nil {
		return err
	}
	s.counts.Add(&s.tally)
	s.dropTraffic()
	s.setState(idle, now())
	return nil
}

// dropConn gets rid of a conn that is not in order any more.
func (s *Session) dropConn() {
	c := s.conn
	s.running.Store(nil)
	s.conn, s.last = nil, nil
	s.leaveReplica(now(), false)
	s.shown.conn.Store(0)
	s.unwatchServer(c)
	c.Doom()
	c.Release()
	if s.t != nil {
		s.t.batch, s.t.sent = 0, false
	}
}

// watched wakes a session that holds a conn when its server hangs up.
type watched struct {
	conn *connpool.Conn
	wake func()
}

// watchServer has the session woken, while it waits for its client, when the
// server hangs up: the client is told at once, not at its next statement.
func (s *Session) watchServer() {
	if s.watch.conn == s.conn {
		return
	}
	if s.watch.wake == nil {
		s.watch.wake = s.client.Interrupt
	}
	s.watch.conn = s.conn
	s.conn.OnDeath(&s.watch.wake)
	if s.conn.Dead() {
		s.client.Interrupt()
	}
}

func (s *Session) unwatchServer(c *connpool.Conn) {
	if s.watch.conn == c {
		c.OnDeath(nil)
		s.watch.conn = nil
	}
}

// serverLeft tells the client, who is idle, why the server hung up.
func (s *Session) serverLeft() error {
	t := s.traffic()
	if t.answer == nil {
		t.answer = protocol.NewAnswerBuffer()
	}
	s.conn.SetDeadline(time.Now().Add(time.Second))
	var err error
	for err == nil {
		if err = s.conn.Recv(t.answer); err == nil {
			err = s.relay()
		}
	}
	if t.fatal != nil && !goesAway(t.fatal) {
		s.dropConn()
		return t.fatal
	}
	if s.inTransaction() && s.pins == 0 && !s.owed() && t.pass == 0 && s.mode() != Wholly && s.doomed() == nil {
		return s.txLeft()
	}
	return s.serverLost(err)
}

// goesAway reports whether the server closes the connection because it ends
// itself, and not for something that the client did or left undone.
func goesAway(e *pgerror.Error) bool {
	return e.Code == pgerror.AdminShutdown || e.Code == pgerror.CrashShutdown || e.Code == pgerror.CannotConnectNow
}

// txLeft goes on without the server that has gone away with the client's
// transaction. It is told when it speaks next: there is nothing that it
// waits for.
func (s *Session) txLeft() error {
	s.env.Log.Warn("server connection lost in a transaction", "client", s.ID, "db", s.Database(), "user", s.User(), "server", s.conn.Addr)
	s.dropConn()
	if s.tx.state = txLost; s.idleStatus == protocol.TxFailed {
		s.tx.state = txFailed // it knows that all is in vain
	}
	s.change = change{}
	s.portal, s.portalRead, s.portals = nil, nil, nil
	s.dropTraffic()
	s.setState(idle, now())
	return nil
}
