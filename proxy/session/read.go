package session

import (
	"errors"

	"github.com/wyeproxy/wye/protocol"
)

// maxWhole is the longest frame that is read as a whole before it is passed
// on; longer ones stream through, so that memory per client stays bounded.
const maxWhole = 64 << 10

// Ways for Run to end that are nobody's fault.
var (
	errTerminate  = errors.New("client said good-bye")
	errClientGone = errors.New("client is gone")
)

// step does one thing: takes one frame from the client, or waits for more
// bytes.
func (s *Session) step() error {
	in := s.client.Input()
	typ, total, ok, err := protocol.PeekClient(in)
	switch {
	case err != nil:
		return s.protocolError(err)
	case !ok:
		return s.await()
	case isCopy[typ] && s.undecided():
		return s.decide()
	case total > maxWhole && (s.shards == nil || total > maxBatch || typ == 'd'):
		return s.large(typ, total)
	case len(in) < total:
		if total > s.client.Room() {
			s.client.Grow(total)
		}
		return s.await()
	}
	if s.shards != nil && (extended[typ] || s.t != nil && s.t.byGang) {
		if waits, err := s.stepShards(typ, total); waits || err != nil {
			return err
		}
	}
	if extended[typ] && (s.t == nil || s.shards != nil && s.t.untouched()) && s.settings.Load().Keep != nil {
		if answered, err := s.keptBatch(in, s.fromHere()); answered || err != nil {
			return err
		}
	}
	exchange, err := s.take(typ, in[:total])
	s.client.Consume(total)
	if err != nil || !exchange {
		return err
	}
	return s.exchange()
}

// take puts one whole frame into the traffic. exchange is true when the
// server (or we) must now answer. frame is valid during the call only.
func (s *Session) take(typ byte, frame []byte) (exchange bool, err error) {
	t := s.traffic()
	s.tally.Received += int64(len(frame))
	if typ != 'P' {
		t.first = nil
	}
	if t.skipping && typ != 'S' && typ != 'X' {
		return false, nil
	}
	body := frame[protocol.HeaderLen:]
	switch typ {
	case 'Q':
		return s.takeQuery(frame, body)
	case 'P':
		return false, s.takeParse(frame, body)
	case 'B':
		return false, s.takeBind(frame, body)
	case 'D':
		return false, s.takeDescribe(frame, body)
	case 'E':
		return false, s.takeExecute(frame, body)
	case 'C':
		return false, s.takeClose(frame, body)
	case 'F':
		return s.takeCall(frame)
	case 'S':
		return s.takeSync(frame)
	case 'H':
		return s.takeFlush(frame)
	case 'X':
		return false, errTerminate
	}
	// d, c, f: copy data that arrives after the copy has failed. PostgreSQL
	// ignores it, and it must not become anyone's outstanding request.
	return false, nil
}

// await waits for more bytes from the client, after sending it what it is
// owed.
func (s *Session) await() error {
	t := s.t
	if t != nil && (len(t.out) > 0 || !t.queue.empty() || t.unsynced) && s.conn != nil || s.pins.has(pinListen) {
		return s.awaitBoth()
	}
	if s.mustEnd() != nil {
		return errVerdict
	}
	if s.conn != nil {
		s.watchServer()
	}
	return s.filled(s.client.Fill())
}

// fill waits for the client in the middle of something that must be taken to
// its end: a word that the session is to end later does not break the wait.
func (s *Session) fill() error {
	for {
		err := s.client.Fill()
		if !protocol.IsTimeout(err) || s.mustStop() {
			return err
		}
		s.client.Resume()
		if s.mustStop() { // it came between, and Resume has undone its wake-up call
			return err
		}
	}
}

// mustStop reports whether the wait for the client was broken for good.
func (s *Session) mustStop() bool {
	return s.t.stopped.Load() || s.doomed() != nil || s.conn != nil && s.conn.Dead()
}

// filled says what the end of a wait for the client means.
func (s *Session) filled(err error) error {
	switch {
	case err == nil:
		return nil
	case !protocol.IsTimeout(err):
		return errClientGone
	case s.mustEnd() != nil:
		return errVerdict
	case s.conn != nil && s.conn.Dead():
		s.client.Resume()
		return s.serverLeft()
	}
	s.client.Resume()
	return nil
}

// more reports whether the client has sent a whole further frame after n
// bytes of its input: then the request in hand need not wait for its answer
// before the next one is sent.
func (s *Session) more(n int) bool {
	in := s.client.Input()
	if len(in) <= n {
		return false
	}
	typ, total, ok, err := protocol.PeekClient(in[n:])
	return err == nil && ok && len(in)-n >= total && typ != 'X' && !isCopy[typ]
}

// isCopy are the messages that carry a client's copy data.
var isCopy = [256]bool{'d': true, 'c': true, 'f': true}

// undecided reports whether copy data has come while it is not known yet
// whether the server wants any: a client may send it right behind the
// Execute of a COPY.
func (s *Session) undecided() bool {
	return s.t != nil && s.conn != nil && !s.t.skipping && !s.t.queue.empty()
}

// decide has the server answer what it was sent so far.
func (s *Session) decide() error {
	s.t.out = protocol.AppendFrame(s.t.out, 'H')
	return s.exchange()
}

// protocolError ends the session, after answering what came before the error.
func (s *Session) protocolError(err error) error {
	if s.undecided() && !errors.Is(err, protocol.ErrSilent) {
		if earlier := s.decide(); earlier != nil {
			return earlier
		}
	}
	return err
}
