package session

import (
	"errors"

	"github.com/wyeproxy/wye/protocol"
)

// serverError is an error of sending to the server, where one of reading
// from the client could come from the same function.
type serverError struct{ error }

func (e serverError) Unwrap() error { return e.error }

// copyBegins notes that the server waits for copy data. It ignores Sync and
// Flush in that state, so those that were already sent are not answered.
func (s *Session) copyBegins() {
	t := s.t
	if t.queue.empty() {
		return
	}
	t.copying = true
	q := &t.queue
	keep := q.head + 1
	for i := keep; i < len(q.entries); i++ {
		if q.entries[i].kind != 'S' {
			q.entries[keep] = q.entries[i]
			keep++
		}
	}
	q.entries = q.entries[:keep]
	t.unsynced = t.unsynced || q.first().kind == 'E'
}

// copyIn passes the client's copy data to the server, while errors and
// notices come back. done is true when the session must hear its client
// before the server says more: after a copy of the extended protocol, which
// a Sync ends.
func (s *Session) copyIn() (done bool, err error) {
	t := s.t
	t.copying = false
	if err := s.forwardNow(); err != nil {
		return true, err
	}
	t.feeding = true
	feedErr, serverErr := s.pumped(s.feed)
	t.feeding = false
	if serverErr != nil {
		return true, s.serverLost(serverErr)
	}
	if feedErr == nil && t.rest > 0 {
		feedErr = s.stream(t.rest) // the server has failed, but is in the middle of a frame
	}
	var lost serverError
	switch {
	case errors.As(feedErr, &lost):
		return true, s.serverLost(feedErr)
	case feedErr != nil:
		return true, s.fed(feedErr)
	}
	return !t.copying && t.unsynced, nil
}

// fed says what it means that the copy data ended too early. What the server
// has of it must not be committed: the conn is closed in the middle of it.
func (s *Session) fed(err error) error {
	if err == errTerminate || s.verdict.Load() != nil && protocol.IsTimeout(err) {
		s.conn.Doom()
	}
	return s.filled(err)
}

// feed sends frames of copy data until CopyDone, CopyFail or anything else
// that is not part of a copy.
func (s *Session) feed() error {
	for {
		typ, total, ok, err := protocol.PeekClient(s.client.Input())
		switch {
		case err != nil:
			return err
		case !ok:
			if err := s.fill(); err != nil {
				return err
			}
		case typ == 'd':
			s.client.Widen()
			if err := s.stream(total); err != nil {
				return err
			}
		case typ == 'S' || typ == 'H': // ignored by the server, and owed nothing
			if err := s.discard(total); err != nil {
				return err
			}
		default:
			s.t.broken = !isCopy[typ]
			return s.stream(total)
		}
	}
}

// stream passes n bytes from the client to the server, in pieces as they
// come. When it is interrupted, t.rest says what is missing.
func (s *Session) stream(n int) error {
	t := s.t
	for t.rest = n; t.rest > 0; {
		in := s.client.Input()
		if len(in) == 0 {
			if err := s.fill(); err != nil {
				return err
			}
			continue
		}
		piece := in[:min(t.rest, len(in))]
		if err := s.conn.Send(piece); err != nil {
			return serverError{err}
		}
		s.tally.Received += int64(len(piece))
		s.client.Consume(len(piece))
		t.rest -= len(piece)
	}
	return nil
}

// discard drops n bytes of the client's.
func (s *Session) discard(n int) error {
	for n > 0 {
		in := s.client.Input()
		if len(in) == 0 {
			if err := s.fill(); err != nil {
				return err
			}
			continue
		}
		k := min(n, len(in))
		s.client.Consume(k)
		n -= k
	}
	return nil
}
