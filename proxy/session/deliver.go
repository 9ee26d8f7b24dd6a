package session

import "github.com/wyeproxy/wye/protocol"

// forwardNow sends the client what is ready for it.
func (s *Session) forwardNow() error {
	t := s.t
	if t.edited != nil && t.edited.W > 0 {
		s.flushScan()
		return s.sendEdited()
	}
	if t.scan == 0 {
		return nil
	}
	t.relayed = true
	s.tally.Sent += int64(t.scan)
	s.gather(t.answer.Unread()[:t.scan])
	err := s.client.Send(t.answer.Unread()[:t.scan])
	t.answer.Consume(t.scan)
	t.scan = 0
	if err != nil {
		return errClientGone
	}
	return nil
}

func (s *Session) sendEdited() error {
	t := s.t
	t.relayed = true
	out := t.edited.B[:t.edited.W]
	s.tally.Sent += int64(len(out))
	s.gather(out)
	err := s.client.Send(out)
	t.edited.Release()
	t.edited = nil
	if err != nil {
		return errClientGone
	}
	return nil
}

// queueAnswer leaves what is ready to be sent with the client's next wait,
// in one system call less.
func (s *Session) queueAnswer() error {
	t := s.t
	var b *protocol.Buffer
	if t.edited != nil && t.edited.W > 0 {
		s.flushScan()
		b, t.edited = t.edited, nil
	} else if t.scan > 0 {
		b, t.answer = t.answer, nil
		b.W = b.R + t.scan
		t.scan = 0
	} else {
		return nil
	}
	s.tally.Sent += int64(len(b.Unread()))
	s.gather(b.Unread())
	if err := s.client.Queue(b); err != nil {
		return errClientGone
	}
	return nil
}
