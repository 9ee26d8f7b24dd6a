package session

import (
	"slices"
	"strings"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
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

// settleChange finds out what the session is like after its statements. It
// runs before ReadyForQuery is passed on.
func (s *Session) settleChange() error {
	c := s.conn
	if s.mode() == Statement && c.Status != protocol.TxIdle {
		return s.refuseTransaction()
	}
	switch c.Status {
	case protocol.TxFailed:
		return nil // nothing can be asked; the end of the transaction tells
	case protocol.TxOpen:
		return s.reapply(&s.change)
	}
	change := s.change
	s.change = change.empty()
	if err := s.settleParams(&change); err != nil {
		return err
	}
	return s.settlePins(&change)
}

func (c *change) empty() change { return change{} }

// settleParams brings the session's parameters up to date after a
// transaction. What the client started with is always set on its server
// conns; if it is not any more, it was RESET, and is given back.
func (s *Session) settleParams(ch *change) error {
	c := s.conn
	params := s.params
	var err error
	switch {
	case ch.discarded:
		params = connpool.Params{}
	case ch.askAll || ch.resetAll:
		params, err = c.CurrentAll(append(ch.names(), s.customNames()...))
	case ch.uncertain || ch.ask != nil || ch.reset != nil:
		params, err = c.Current(params, ch.names())
	default:
		for _, set := range ch.set {
			params = params.With(set.Name, *set.Value)
		}
	}
	if err != nil {
		return err
	}
	for name, value := range params.All {
		if value == "" && strings.Contains(name, ".") && ch.resets(name) {
			params = params.Without(name) // a custom parameter that was reset
		}
	}
	c.Params = params
	if ch.discarded {
		s.setPins(s.pins & pinsForever)
	}
	for name, value := range s.startup.All {
		if _, ok := params.Get(name); !ok {
			params = params.With(name, value)
		}
	}
	s.setParams(params)
	return c.Adopt(params)
}

// customNames lists the custom parameters (with a dot) that may be set:
// pg_settings does not show them.
func (s *Session) customNames() []string {
	var names []string
	for _, set := range []connpool.Params{s.params, s.startup, s.conn.Params} {
		for name := range set.All {
			if strings.Contains(name, ".") && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func (c *change) names() []string {
	names := append([]string(nil), c.ask...)
	for _, set := range c.set {
		names = append(names, set.Name)
	}
	return append(names, c.reset...)
}

// resets reports whether RESET took name back to the server's default, where
// the client's own default is another. RESET ALL leaves the role alone.
func (c *change) resets(name string) bool {
	if c.resetAll && name != "role" {
		return true
	}
	for _, n := range c.reset {
		if n == name {
			return true
		}
	}
	return false
}

// reapply gives back, inside a transaction, what RESET took: the parameters
// that the client started with are its defaults. It happens in the same
// transaction, so a rollback undoes both.
func (s *Session) reapply(ch *change) error {
	var changes []connpool.Change
	for name, value := range s.startup.All {
		if ch.resets(name) {
			changes = append(changes, connpool.Change{Name: name, Value: &value})
		}
	}
	ch.ask = append(ch.ask, ch.reset...)
	ch.askAll = ch.askAll || ch.resetAll
	ch.reset, ch.resetAll = nil, false
	ch.local = true
	if len(changes) == 0 {
		return nil
	}
	return s.conn.Apply(changes)
}

// settlePins finds out what keeps the session on its conn.
func (s *Session) settlePins(ch *change) error {
	if s.mode() == Wholly || !ch.audit && !ch.uncertain || ch.pins == 0 && !ch.audit && s.pins&pinsAudited == 0 {
		s.pin(ch.pins)
		return nil
	}
	found, err := s.conn.Audit()
	if err != nil {
		return err
	}
	s.setPins((s.pins|ch.pins)&^pinsAudited | s.heldPins(&found))
	return nil
}

// heldPins are the reasons that an audit has found.
func (s *Session) heldPins(found *connpool.Held) (pins pinSet) {
	add := func(is bool, p pinSet) {
		if is {
			pins |= p
		}
	}
	add(found.AdvisoryLocks, pinAdvisory)
	add(found.TempObjects, pinTemp)
	add(found.HeldCursors, pinCursor)
	add(found.Prepared, pinPrepare)
	add(found.Listening, pinListen)
	add(found.User != s.role(), pinAuthorization)
	return pins
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
