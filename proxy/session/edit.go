package session

import "github.com/wyeproxy/wye/protocol"

// keep passes a frame on to the client as it is.
func (s *Session) keep(total int) {
	if s.t.pass == 0 {
		s.t.scan += total
	}
}

// drop takes a frame out of the answer.
func (s *Session) drop(total int) {
	t := s.t
	s.flushScan()
	t.answer.Consume(min(total, len(t.answer.Unread())))
}

// flushScan moves what has been looked at into the edited answer, so that
// something can follow it that the server did not send.
func (s *Session) flushScan() {
	t := s.t
	if t.scan > 0 {
		s.edited(append(s.edit(), t.answer.Unread()[:t.scan]...))
		t.answer.Consume(t.scan)
		t.scan = 0
	}
}

// passAnswer passes the answer to head on, unless the client does not wait for
// it.
func (s *Session) passAnswer(head *expect, total int) {
	if head.do == skip {
		s.drop(total)
	} else {
		s.keep(total)
	}
	s.passFakes()
}

// passFakes answers the messages at the head of the queue that the server
// was never sent.
func (s *Session) passFakes() {
	t := s.t
	for head := t.queue.first(); head != nil && head.do == fake; head = t.queue.first() {
		t.queue.pop()
		s.flushScan()
		b := s.edit()
		switch head.kind {
		case 'P':
			b = protocol.AppendFrame(b, '1')
		case 'B':
			b = protocol.AppendFrame(b, '2')
		case 'D':
			b = appendNoColumns(b, head.portal)
		case 'E':
			b = s.appendRolledBack(b)
		case 'C':
			b = protocol.AppendFrame(b, '3')
		case 'S':
			b = protocol.AppendReady(b, s.idleStatus)
		}
		s.edited(b)
	}
}

// edit returns the edited answer to append to; edited takes it back.
func (s *Session) edit() []byte {
	t := s.traffic()
	if t.edited == nil {
		t.edited = protocol.NewAnswerBuffer()
	}
	return t.edited.B[:t.edited.W]
}

func (s *Session) edited(b []byte) {
	e := s.t.edited
	e.W = len(b)
	if cap(b) > len(e.B) || &b[0] != &e.B[0] {
		e.B = b[:cap(b)]
	}
}
