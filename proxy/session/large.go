package session

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// large handles a frame that is too long to be held: it streams through in
// pieces. What must be known about it stands at its front, or is found by
// the incremental scanner while it passes.
func (s *Session) large(typ byte, total int) error {
	t := s.traffic()
	if t.skipping || typ == 'd' {
		return s.filled(s.discard(total))
	}
	if err := s.attach(nil, false); err != nil {
		if err := s.filled(s.discard(total)); err != nil {
			return err
		}
		if rejected := s.reject(err, typ); rejected != nil || typ != 'Q' && typ != 'F' {
			return rejected
		}
		return s.exchange()
	}
	s.activate(now())
	s.noteWrite(nil)
	switch typ {
	case 'Q':
		return s.largeQuery(total)
	case 'P':
		return s.largeParse(total)
	case 'B':
		return s.largeBind(total)
	}
	t.queue.push(expect{kind: typ})
	return s.sendLarge(total, nil, typ == 'F')
}

// largeQuery passes a long simple Query on. The server begins with it when it
// has the last byte, so what the scanner has found is known in time.
func (s *Session) largeQuery(total int) error {
	var scan sqlparse.Scanner
	s.forgetUnnamed()
	s.conn.Unnamed = 0
	s.t.executed++
	s.t.queue.push(expect{kind: 'Q'})
	entry := len(s.t.queue.entries) - 1
	skip := protocol.HeaderLen
	return s.sendLarge(total, func(piece []byte, last bool) {
		n := min(skip, len(piece))
		skip -= n
		piece = piece[n:]
		if last {
			piece = bytes.TrimSuffix(piece, []byte{0})
		}
		_, _ = scan.Write(piece)
		if last {
			s.t.queue.entries[entry].read = s.scanned(&scan)
		}
	}, true)
}

func (s *Session) scanned(scan *sqlparse.Scanner) *sqlparse.Statement {
	if s.oddities() != 0 { // it has passed by, so it may hold any
		return sqlparse.Opaque()
	}
	return scan.Statement()
}

// largeParse passes a long Parse on under the client's own name. It is not
// remembered, so the session keeps its server conn while it may be used.
func (s *Session) largeParse(total int) error {
	front, err := s.front()
	if err != nil {
		return err
	}
	name, rest, ok := protocol.CString(front[protocol.HeaderLen:])
	if !ok {
		return errLongName
	}
	st := &statement{name: string(name)}
	if len(name) == 0 {
		s.forgetUnnamed()
		s.unnamed.id = s.env.Registry.nextToken()
		s.conn.Unnamed = s.unnamed.id
		s.pin(pinLargeUnnamed)
	} else {
		s.statement(st.name, st)
		s.pin(pinLarge)
	}
	s.tally.ClientParses++
	s.t.queue.push(expect{kind: 'P', stmt: st})
	s.t.unsynced = true
	var scan sqlparse.Scanner
	skip := len(front) - len(rest)
	return s.sendLarge(total, func(piece []byte, last bool) {
		n := min(skip, len(piece))
		skip -= n
		// The parameter types behind the text do no harm: the scanner stops
		// at the NUL that ends it.
		_, _ = scan.Write(piece[n:])
		if last {
			st.read = s.scanned(&scan)
			if len(name) == 0 {
				s.unnamed.read = st.read
			}
		}
	}, false)
}

// largeBind passes a long Bind on, with the statement's name on the server.
func (s *Session) largeBind(total int) error {
	t := s.t
	front, err := s.front()
	if err != nil {
		return err
	}
	body := front[protocol.HeaderLen:]
	portal, rest, ok1 := protocol.CString(body)
	name, _, ok2 := protocol.CString(rest)
	if !ok1 || !ok2 {
		return errLongName
	}
	s.tally.Binds++
	st, refusal := s.named(name)
	if refusal != nil {
		if err := s.filled(s.discard(total)); err != nil {
			return err
		}
		return s.reject(refusal, 'B')
	}
	s.bound(portal, name, st, nil)
	t.queue.push(expect{kind: 'B', stmt: st})
	t.unsynced = true
	if st == nil {
		return s.sendLarge(total, nil, false)
	}
	newName := st.shared.Name
	read := protocol.HeaderLen + len(portal) + 1 + len(name)
	size := total - 1 + len(newName) - len(name)
	if size > protocol.MaxFrame {
		return errTooLong
	}
	t.out = append(t.out, 'B')
	t.out = binary.BigEndian.AppendUint32(t.out, uint32(size))
	t.out = append(append(t.out, portal...), 0)
	t.out = append(t.out, newName...)
	s.client.Consume(read)
	return s.sendLarge(total-read, nil, false)
}

var (
	errLongName = pgerror.Fatal(pgerror.ProtocolViolation, "name in message is too long")
	errTooLong  = pgerror.Fatal(pgerror.ProtocolViolation, "invalid message length")
)

// frontBytes is how much of a long frame is waited for: more than its header
// and two names (NAMEDATALEN is 64).
const frontBytes = 4 << 10

// front waits for the first bytes of a long frame.
func (s *Session) front() ([]byte, error) {
	for len(s.client.Input()) < frontBytes {
		if err := s.filled(s.fill()); err != nil {
			return nil, err
		}
	}
	return s.client.Input(), nil
}

// sendLarge sends t.out and the next n bytes of the client's, showing each
// piece to see first. With answer, the server is to answer at once.
func (s *Session) sendLarge(n int, see func(piece []byte, last bool), answer bool) error {
	t := s.t
	t.sent, t.retried = true, true
	for t.rest = n; t.rest > 0; {
		last := len(s.client.Input()) >= t.rest
		if last && see != nil {
			// The answer may come as soon as this is sent, and the pump
			// reads what see finds: it is not running yet.
			see(s.client.Input()[:t.rest], true)
		}
		err, serverErr := s.pumped(func() error { return s.streamSome(see, last) })
		var lost serverError
		switch {
		case serverErr != nil:
			return s.serverLost(serverErr)
		case errors.As(err, &lost):
			return s.serverLost(err)
		case err != nil:
			s.conn.Doom()
			return s.filled(err)
		}
	}
	if !answer {
		return nil
	}
	return s.drain()
}

// streamSome sends t.out and what comes of a long frame, up to its last
// piece, which is sent when last is set.
func (s *Session) streamSome(see func([]byte, bool), last bool) error {
	t := s.t
	if err := s.sendOut(); err != nil {
		return err
	}
	if last {
		return s.stream(t.rest)
	}
	for {
		s.client.Widen()
		in := s.client.Input()
		if len(in) >= t.rest {
			return nil
		}
		if see != nil {
			see(in, false)
		}
		if err := s.conn.Send(in); err != nil {
			return serverError{err}
		}
		s.tally.Received += int64(len(in))
		t.rest -= len(in)
		s.client.Consume(len(in))
		if err := s.fill(); err != nil {
			return err
		}
	}
}
