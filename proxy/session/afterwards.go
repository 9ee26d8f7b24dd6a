package session

// answered reports whether all that the client asked for has been answered,
// and only the good-bye of the server came behind it: one that must end says
// so in the same breath as it answers. What the client waits for is that
// answer, and no error.
func (s *Session) answered() bool {
	t := s.t
	return t != nil && t.queue.empty() && !t.unsynced && !t.heldZ && t.pass == 0 && s.pins == 0 && s.mode() != Wholly &&
		(t.scan > 0 || t.edited != nil && t.edited.W > 0)
}

// lostAfterwards sends the answer and goes on without the server. If it had
// an open transaction, the client hears of that when it speaks next.
func (s *Session) lostAfterwards() error {
	if s.servers != nil {
		s.servers.Lost(s.conn.Addr)
	}
	at := now()
	s.noteSeen(at)
	s.tally.Query(at - s.requestAt)
	if err := s.queueAnswer(); err != nil {
		return err
	}
	if s.inTransaction() {
		return s.txLeft()
	}
	s.running.Store(nil)
	s.conn.Doom()
	s.rest(at)
	return nil
}
