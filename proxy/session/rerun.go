package session

import (
	"slices"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// maxReruns bounds how often a read is sent again.
const maxReruns = 4

// rerunnable reports whether the batch can be sent to another server without
// anybody noticing: it provably only reads, outside of any transaction that a
// server has, all of it is at hand, and the client has nothing of the answer.
// What was proven when it was sent counts: the catalog may have been read
// again since, and that a replica refused it is then no surprise.
func (s *Session) rerunnable() bool {
	t := s.t
	if t == nil || t.relayed || t.retried || t.feeding || t.copying || t.rest > 0 || t.course.reruns >= maxReruns ||
		t.began != protocol.TxIdle || s.pins != 0 || s.mode() == Wholly || s.servers == nil ||
		s.inTransaction() && !t.course.split {
		return false
	}
	r := s.servers.Router()
	n := 0
	for i := range t.queue.entries {
		switch e := &t.queue.entries[i]; e.kind {
		case 'Q', 'E':
			if e.read == nil || !e.read.Plain() || !t.course.proven && !r.Verdict(e.read).ReadOnly {
				return false
			}
		case 'S', 'P', 'B', 'D', 'C':
		default:
			return false
		}
		if t.queue.entries[i].endsInReady() {
			n++
		}
	}
	return n == 1
}

// holds reports whether the answer so far is kept back: should the server
// die, the read is sent to another.
func (s *Session) holds() bool {
	a := s.t.answer
	return a != nil && a.W < len(a.B) && s.rerunnable()
}

// misplaced are the errors that a standby gives where a primary would not,
// or that it gives while it is behind on the catalog.
var misplaced = map[string]bool{
	pgerror.ReadOnlySQLTransaction: true, pgerror.FeatureNotSupported: true, pgerror.ObjectNotInPrerequisiteStat: true,
	pgerror.SerializationFailure: true,
	"42P01":                      true, "42703": true, "42883": true, "42704": true, "3F000": true,
}

// rerouted reports whether the error is the replica's and not the
// statement's: then the batch is sent to the primary.
func (s *Session) rerouted(code string) bool {
	t := s.t
	if s.replica == nil || !misplaced[code] || !s.rerunnable() {
		return false
	}
	if code == pgerror.ReadOnlySQLTransaction || code == pgerror.ObjectNotInPrerequisiteStat {
		for i := range t.queue.entries {
			if read := t.queue.entries[i].read; read != nil {
				s.servers.Router().Misrouted(read, code)
			}
		}
		s.tally.Misroutes++
	}
	t.replay = replay{wanted: true, moves: true}
	return true
}

// moveOn sends the batch to the primary after a replica could not serve it.
func (s *Session) moveOn() error {
	t := s.t
	t.scan, t.pass = 0, 0
	if err := s.readyAgain(); err != nil {
		return s.serverLost(err)
	}
	s.conn.Status = protocol.TxIdle
	return s.rerun(true, false)
}

// rerun sends the batch again, elsewhere. lost: the server conn is not in
// order any more.
func (s *Session) rerun(toPrimary, lost bool) error {
	t := s.t
	entries, out := slices.Clone(t.queue.entries), slices.Clone(t.out)
	old := s.replica
	if lost {
		s.servers.Lost(s.conn.Addr)
		s.dropConn()
	} else {
		s.running.Store(nil)
		s.release(now())
	}
	c := &t.course
	c.reruns++
	if old != nil {
		c.avoid |= 1 << old.Node
	}
	s.resetAnswer()
	var to *Reader
	var refusal *pgerror.Error
	if c.replica && !toPrimary {
		to, refusal = s.reader(s.settings.Load())
	}
	if refusal == nil {
		refusal = s.connect(to, nil)
	}
	if refusal == nil {
		refusal = s.resend(entries, out)
	}
	if refusal != nil {
		t.queue.entries, t.queue.head = append(t.queue.entries[:0], entries...), 0
		return s.survive(refusal, s.restStatus())
	}
	s.tally.Rerouted++
	return s.exchange()
}

// restStatus is the transaction status of a client whose batch has failed
// before any server took it.
func (s *Session) restStatus() byte {
	if s.tx.state == txBegun {
		s.tx.state = txFailed
		return protocol.TxFailed
	}
	return protocol.TxIdle
}

// resetAnswer forgets what came of the answer, none of which the client has.
func (s *Session) resetAnswer() {
	t := s.t
	t.scan, t.pass, t.completed = 0, 0, 0
	t.heldZ, t.unsynced, t.skipping, t.sent, t.fatal = false, false, false, false, nil
	t.replay = replay{}
	if t.answer != nil {
		t.answer.Consume(len(t.answer.Unread()))
	}
	if t.edited != nil {
		t.edited.Release()
		t.edited = nil
	}
	s.told = t.course.told
	t.queue.reset()
	t.out, t.flushed = t.out[:0], 0
}

// resend puts the batch together again for the conn that the session now
// has: the client's own messages as they were, and what that server needs to
// understand them.
func (s *Session) resend(entries []expect, out []byte) *pgerror.Error {
	t := s.t
	parsesUnnamed := false
	for i := range entries {
		e := &entries[i]
		if e.kind == 'P' && e.do == forward && e.shared == nil {
			parsesUnnamed = true
		}
	}
	for i := range entries { // while nothing is under way: the server is asked for the columns
		e := &entries[i]
		if (e.kind == 'B' || e.kind == 'D') && e.do == forward && e.stmt != nil && e.stmt.shared != nil && !preparedIn(entries[:i], e.stmt) {
			if refusal := s.ensure(e.stmt); refusal != nil {
				return refusal
			}
		}
	}
	if !parsesUnnamed && len(s.unnamed.frame) > 0 && s.unnamed.id != 0 && s.conn.Unnamed != s.unnamed.id {
		t.out = append(t.out, s.unnamed.frame...)
		t.queue.push(expect{kind: 'P', do: skip})
		s.conn.Unnamed = s.unnamed.id
	}
	for _, e := range entries {
		if e.do == fake {
			t.queue.push(e)
			continue
		}
		if frame := nextFrame(&out); e.do == forward {
			s.resendOne(e, frame)
		}
	}
	return nil
}

// preparedIn reports whether one of the messages prepares st: then it will be
// there when it is needed.
func preparedIn(entries []expect, st *statement) bool {
	for i := range entries {
		if entries[i].kind == 'P' && entries[i].do == forward && entries[i].shared == st.shared {
			return true
		}
	}
	return false
}

// nextFrame takes the first message off the bytes that were sent, but for
// Flush, which nobody answers.
func nextFrame(out *[]byte) []byte {
	for {
		typ, total, _, _ := protocol.Peek(*out)
		frame := (*out)[:total]
		*out = (*out)[total:]
		if typ != 'H' {
			return frame
		}
	}
}

func (s *Session) resendOne(e expect, frame []byte) {
	t := s.t
	e.part = 0
	switch {
	case e.kind == 'P' && e.shared != nil:
		if s.conn.Has(e.shared, t.batch) {
			e.do = fake
			t.queue.push(e)
			return
		}
		s.remember(e.shared)
	case e.kind == 'P':
		s.conn.Unnamed = s.unnamed.id
	case e.kind == 'Q':
		s.conn.Unnamed = 0
	}
	t.out = append(t.out, frame...)
	t.queue.push(e)
	t.unsynced = t.unsynced || !e.endsInReady()
}
