package session

import (
	"fmt"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// completed handles CommandComplete, EmptyQueryResponse and PortalSuspended.
func (s *Session) completed(typ byte) {
	head := s.t.queue.first()
	if head == nil {
		return
	}
	if s.change.any() {
		s.change.uncertain = true // a ROLLBACK in the same batch undoes it, say
	}
	switch {
	case typ == 'I' || head.read == nil:
	case !head.read.Plain():
		s.noteEffects(head)
	case s.pins.has(pinTemp) && head.read.Kind() == sqlparse.KindDDL:
		s.change.audit = true // DROP TABLE may have ended the reason
	}
	if head.read != nil && typ != 'I' {
		s.noteDefined(head.read, head.part)
	}
	s.t.completed++
	head.part++
	if head.kind == 'E' {
		s.t.queue.pop()
	}
}

// ready handles ReadyForQuery.
func (s *Session) ready(body []byte, total int) error {
	t := s.t
	if len(body) != 1 {
		return fmt.Errorf("malformed ReadyForQuery")
	}
	head := t.queue.first()
	if head == nil || !head.endsInReady() {
		return fmt.Errorf("server is ready, but was not asked")
	}
	t.queue.pop()
	s.conn.Status = body[0]
	if head.do == skip {
		s.drop(total)
		return nil
	}
	s.idleStatus = body[0]
	if head.kind == 'S' || head.kind == 'Q' {
		// Of a pipeline, a part of the next batch may be on its way already:
		// should it fail, the server waits for a Sync that is yet to come.
		t.unsynced = t.queue.openEnded()
	}
	if body[0] == protocol.TxIdle {
		s.tellWritten()
		s.tellDefined()
	}
	if t.course.split {
		s.idleStatus = protocol.TxOpen
	}
	if s.tx.failed {
		s.tx = tx{begin: s.tx.begin[:0], state: txFailed}
		s.idleStatus = protocol.TxFailed
	}
	s.afterReady()
	if t.queue.empty() && (s.change.any() || s.mode() == Statement && body[0] != protocol.TxIdle) {
		t.heldZ = true
		s.drop(total)
		return nil
	}
	if s.idleStatus != body[0] {
		s.drop(total)
		s.edited(protocol.AppendReady(s.edit(), s.idleStatus))
	} else {
		s.keep(total)
	}
	s.passFakes()
	return nil
}
