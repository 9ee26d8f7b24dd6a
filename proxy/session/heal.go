package session

import (
	"bytes"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// replay says that the batch is to be sent again, after the statement that
// failed in it was prepared anew.
type replay struct {
	wanted bool
	moves  bool // to the primary, from a replica that could not serve it
	stmt   *statement
	failed []byte // the error, for when it must be passed on after all
}

// healable reports whether an error only means that a shared statement is
// stale on the server, and the batch can be sent again without anybody
// noticing: nothing of the answer has been passed on, no transaction was
// open, and no statement of the batch was completed. A server statement whose
// result type has changed is broken for good (RevalidateCachedQuery), and
// one that a function has deallocated is gone.
func (s *Session) healable(head *expect, code, body []byte) bool {
	t := s.t
	st := head.stmt
	if st == nil || st.shared == nil || head.kind == 'P' {
		return false
	}
	stale := string(code) == pgerror.FeatureNotSupported && pgerror.Parse(body).Routine == "RevalidateCachedQuery"
	gone := string(code) == pgerror.InvalidSQLStatementName
	if !stale && !gone {
		return false
	}
	s.env.Statements.Renew(st.shared)
	if t.retried || t.relayed || t.completed > 0 || t.began != protocol.TxIdle || t.queue.syncs() != 1 || !t.whole() {
		s.disown(st)
		return false
	}
	t.replay = replay{wanted: true, stmt: st, failed: bytes.Clone(body)}
	return true
}

// disown has the conn closed after this use: its set of statements is not
// what we think.
func (s *Session) disown(st *statement) {
	s.conn.Forget(st.shared)
	s.conn.Doom()
}

// whole reports whether t.out still holds the whole batch, and only messages
// that can be sent again. A Parse in front that the server was not sent has
// been answered for good.
func (t *traffic) whole() bool {
	for _, e := range t.queue.entries[t.queue.faked():] {
		if e.do != forward || e.kind == 'P' {
			return false
		}
	}
	return len(t.out) > 0
}

// replayBatch reads up to the ReadyForQuery of the failed batch, has the
// statement parsed again under its name, which stands in the messages, and
// sends the batch again. A client that was told other columns gets the error
// instead: it would take the rows for something they are not, and drivers
// know what to do with that error.
func (s *Session) replayBatch() error {
	t := s.t
	r := t.replay
	t.replay = replay{}
	t.retried = true
	t.scan, t.pass = 0, 0
	if err := s.readyAgain(); err != nil {
		return err
	}
	shape, err := s.conn.Reprepare(r.stmt.shared)
	s.conn.SetShape(r.stmt.shared, shape)
	if err != nil || r.stmt.shape != 0 && r.stmt.shape != shape && !t.describes() {
		s.disown(r.stmt)
		return s.giveUp(r.failed)
	}
	t.queue.head = t.queue.faked()
	return s.conn.Exchange(t.out, t.answer)
}

// describes reports whether the client will be told the columns in this very
// batch.
func (t *traffic) describes() bool {
	for i := range t.queue.entries {
		if t.queue.entries[i].kind == 'D' {
			return true
		}
	}
	return false
}

// giveUp answers the batch with the error it failed with.
func (s *Session) giveUp(failed []byte) error {
	t := s.t
	s.counts.Failed(string(pgerror.Code(failed)))
	b := protocol.AppendFrame(s.edit(), 'E', failed...)
	s.edited(protocol.AppendReady(b, s.conn.Status))
	s.idleStatus = s.conn.Status
	t.queue.head = len(t.queue.entries)
	t.unsynced = false
	return nil
}

func (s *Session) readyAgain() error {
	t := s.t
	for {
		b := t.answer.Unread()
		typ, total, ok, err := protocol.Peek(b)
		switch {
		case err != nil:
			return err
		case !ok || len(b) < total:
			if err := s.conn.Recv(t.answer); err != nil {
				return err
			}
			continue
		}
		t.answer.Consume(total)
		if typ == 'Z' {
			return nil
		}
	}
}
