package session

import "github.com/wyeproxy/wye/protocol"

// pumped runs f, which sends to the server or waits for the client, while a
// second goroutine relays what the server sends: two sides that both wait
// for the other to read would wait for ever. It returns f's error and the
// other goroutine's.
//
// The second goroutine works on the session's traffic, so f must not touch
// the queue or the answer; both belong to this goroutine again afterwards.
func (s *Session) pumped(f func() error) (err, serverErr error) {
	t := s.t
	if t.answer == nil {
		t.answer = protocol.NewAnswerBuffer()
	}
	if err := s.client.Flush(); err != nil {
		return errClientGone, nil
	}
	ended := make(chan error, 1)
	go s.pump(ended)
	err = f()
	s.conn.Interrupt()
	serverErr = <-ended
	s.conn.Resume()
	if t.stopped.Swap(false) {
		s.client.Resume()
		if protocol.IsTimeout(err) && s.verdict.Load() == nil {
			err = nil // it was the pump that woke f
		}
	}
	return err, serverErr
}

// pump relays until it is interrupted, or until there is nothing to relay:
// then it wakes the other goroutine, which may be waiting for the client.
func (s *Session) pump(ended chan<- error) {
	err := s.pumpUntilSettled()
	if protocol.IsTimeout(err) {
		err = nil
	} else {
		s.t.stopped.Store(true)
		s.client.Interrupt()
	}
	ended <- err
}

func (s *Session) pumpUntilSettled() error {
	t := s.t
	owed := s.owed()
	for {
		if err := s.relay(); err != nil {
			return err
		}
		if t.heldZ && s.settled() || t.copying || t.replay.wanted || t.feeding && t.skipping || owed && !s.owed() && s.settled() {
			return nil
		}
		if err := s.forwardNow(); err != nil {
			return err
		}
		if err := s.conn.Recv(t.answer); err != nil {
			return err
		}
	}
}

// owed reports whether the server has not answered everything yet.
func (s *Session) owed() bool { return !s.t.queue.empty() || s.t.unsynced }

// sendOut sends what is in t.out and forgets it: the batch cannot be
// replayed any more. It is for use under pumped.
func (s *Session) sendOut() error {
	t := s.t
	if out := t.out[t.flushed:]; len(out) > 0 {
		t.sent, t.retried = true, true
		if err := s.conn.Send(out); err != nil {
			return serverError{err}
		}
	}
	t.out, t.flushed = t.out[:0], 0
	return nil
}

// awaitBoth sends what is there and waits for whoever speaks first: a client
// that has sent half a batch, or that listens for notifications.
func (s *Session) awaitBoth() error {
	t := s.traffic()
	if t.edited != nil && t.edited.W > 0 {
		if err := s.sendEdited(); err != nil {
			return err
		}
	}
	owed := s.owed()
	if owed {
		s.activate(now())
	}
	err, serverErr := s.pumped(func() error {
		if err := s.sendOut(); err != nil {
			return err
		}
		return s.client.Fill()
	})
	switch {
	case serverErr != nil:
		return s.serverLost(serverErr)
	case t.copying || t.replay.wanted || t.heldZ:
		return s.drain()
	case owed && !s.owed() && s.settled():
		return s.finish()
	case err != nil:
		return s.filled(err)
	}
	return s.forwardNow()
}
