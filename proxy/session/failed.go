package session

import (
	"bytes"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// failed handles ErrorResponse.
func (s *Session) failed(body []byte, total int) error {
	t := s.t
	head := t.queue.first()
	code := pgerror.Code(body)
	if e := fatalError(body); e != nil {
		t.fatal = e
		s.drop(total)
		return errServerFatal
	}
	if s.doomed() != nil {
		return errVerdict // the client hears why, not that its statement was cancelled for it
	}
	s.change.uncertain = true
	if s.idleStatus == protocol.TxIdle && s.written != nil {
		s.written.ddl = false // it came to nothing
	}
	if head == nil {
		s.keep(total)
		return nil
	}
	if s.healable(head, code, body) || s.rerouted(string(code)) {
		return nil
	}
	if t.course.split {
		s.tx.failed = true // the transaction has, though no server has it
	}
	s.counts.Failed(string(code))
	begins := head.begins
	s.sayFailed(head, body, total)
	if head.kind == 'Q' || head.kind == 'F' {
		return nil // ReadyForQuery follows by itself
	}
	owesQuery := s.skipToSync()
	s.passFakes()
	if begins {
		return s.beginFailed(owesQuery)
	}
	return nil
}

// sayFailed passes the error on, in the client's terms.
func (s *Session) sayFailed(head *expect, body []byte, total int) {
	t := s.t
	switch {
	case head.refusal != nil:
		s.drop(total)
		s.edited(head.refusal.AppendFrame(s.edit()))
	case t.pass == 0 && head.stmt != nil:
		if renamed := clientName(body, head.stmt); !bytes.Equal(renamed, body) {
			renamed = bytes.Clone(renamed)
			s.drop(total)
			s.edited(protocol.AppendFrame(s.edit(), 'E', renamed...))
			return
		}
		s.keep(total)
	default:
		s.keep(total)
	}
}

// skipToSync drops what the server will not answer after an error, and takes
// back what those messages would have done. owesQuery: a simple Query was
// among them, for whose end the client waits.
func (s *Session) skipToSync() (owesQuery bool) {
	t := s.t
	for head := t.queue.first(); head != nil; head = t.queue.first() {
		if head.kind == 'S' {
			return owesQuery
		}
		owesQuery = owesQuery || head.kind == 'Q' || head.kind == 'F'
		t.queue.pop()
		s.takeBack(head)
	}
	t.skipping = true
	return owesQuery
}

// takeBack undoes what was noted for a message that was not executed.
func (s *Session) takeBack(e *expect) {
	switch {
	case e.kind == 'P' && e.shared != nil:
		s.conn.Forget(e.shared)
	case e.kind == 'C' && e.shared != nil:
		s.conn.Keep(e.shared, s.t.batch) // the server still has it
	}
	switch {
	case e.kind == 'P' && e.do != skip && e.stmt != nil && e.was == nil:
		if s.statements[e.stmt.name] == e.stmt {
			s.dropStatement(e.stmt.name)
		}
	case e.kind == 'C' && e.was != nil:
		s.statement(e.was.name, e.was)
	}
}
