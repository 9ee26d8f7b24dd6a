package session

import (
	"errors"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
)

// tell sends the client the parameters that changed with the server conn.
func (s *Session) tell(reported connpool.Params) {
	b := s.edit()
	for name, value := range reported.All {
		if old, ok := s.told.Get(name); !ok || old != value {
			b = protocol.AppendParameterStatus(b, reportedName(name), value)
		}
	}
	s.edited(b)
	s.told = reported
}

// exchange sends what has been put together and relays the answers, until
// all that is owed has come.
func (s *Session) exchange() error {
	t := s.t
	if o := t.order; o != nil {
		t.order = nil
		return s.gangQuery(o)
	}
	s.passFakes()
	s.requestAt = now()
	if s.conn == nil {
		return s.finishLocal()
	}
	s.activate(s.requestAt)
	if t.answer == nil {
		t.answer = protocol.NewAnswerBuffer()
	}
	if err := s.send(); err != nil {
		return s.serverLost(err)
	}
	return s.drain()
}

// activate notes that the server now works for the client: from here on a
// cancel request is passed on to it.
func (s *Session) activate(at time.Duration) {
	if s.xactAt == 0 {
		s.xactAt = at
	}
	s.setState(active, at)
	s.running.Store(s.conn)
}

// send sends t.out. When the server owes us nothing yet, the first bytes of
// its answer are received by the same call.
func (s *Session) send() error {
	t := s.t
	out := t.out[t.flushed:] // what stands before it is kept for a replay
	if len(out) == 0 {
		return nil
	}
	t.flushed = len(t.out)
	if t.sent {
		return s.sendPumped(out)
	}
	t.sent = true
	err := s.conn.Exchange(out, t.answer)
	if err == nil {
		return nil
	}
	var blocked *protocol.Blocked
	if errors.As(err, &blocked) {
		return s.sendPumped(blocked.Rest)
	}
	return err
}

func (s *Session) sendPumped(out []byte) error {
	err, serverErr := s.pumped(func() error { return s.conn.Send(out) })
	if serverErr != nil {
		return serverErr
	}
	return err
}

// drain relays until nothing is owed, or the server wants copy data.
func (s *Session) drain() error {
	t := s.t
	for {
		if err := s.relay(); err != nil {
			return s.serverLost(err)
		}
		switch {
		case t.replay.moves:
			return s.moveOn()
		case t.replay.wanted:
			if err := s.replayBatch(); err != nil {
				return s.serverLost(err)
			}
			continue
		case t.copying:
			if done, err := s.copyIn(); done || err != nil {
				return err
			}
			continue
		case s.settled():
			return s.finish()
		}
		if !s.holds() {
			if err := s.forwardNow(); err != nil {
				return err
			}
		}
		if err := s.conn.Recv(t.answer); err != nil {
			return s.serverLost(err)
		}
	}
}

// settled reports whether all that is owed has come, and nothing of a
// further message is half read.
func (s *Session) settled() bool {
	t := s.t
	return t.queue.empty() && t.pass == 0 && len(t.answer.Unread()) == t.scan
}

// halfRead reports whether a part of a message (a notification, when nothing
// is owed) has been read and the rest has not: the server cannot be asked
// anything in between.
func (t *traffic) halfRead() bool {
	return t.pass > 0 || t.answer != nil && len(t.answer.Unread()) > t.scan
}

// reportedName gives a parameter of ParameterStatus the spelling that
// PostgreSQL reports it in; Params keeps names in lower case.
func reportedName(name string) string {
	switch name {
	case "datestyle":
		return "DateStyle"
	case "intervalstyle":
		return "IntervalStyle"
	case "timezone":
		return "TimeZone"
	}
	return name
}
