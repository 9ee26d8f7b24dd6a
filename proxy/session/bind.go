package session

import (
	"bytes"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
)

// takeBind takes a Bind.
func (s *Session) takeBind(frame, body []byte) error {
	portal, rest, ok1 := protocol.CString(body)
	name, args, ok2 := protocol.CString(rest)
	if ok1 && ok2 && s.bindLost(name) {
		return nil
	}
	if err := s.attach(nil, true); err != nil {
		return s.reject(err, 'B')
	}
	if !ok1 || !ok2 {
		return s.verbatim(frame, expect{kind: 'B'})
	}
	s.tally.Binds++
	st, refusal := s.named(name)
	if refusal != nil {
		return s.reject(refusal, 'B')
	}
	s.bound(portal, name, st, args)
	from := len(portal) + 1
	return s.rename(frame, 'B', body, from, from+len(name), st, expect{kind: 'B', stmt: st})
}

// bound notes which statement a portal runs, for what running it does. args
// is the rest of the Bind message, nil when it was not read.
func (s *Session) bound(portal, name []byte, st *statement, args []byte) {
	if st == nil && len(name) > 0 {
		st = s.statements[string(name)]
	}
	if st == nil && len(name) == 0 && s.unnamed.read != nil {
		st = s.unnamedStatement()
	}
	if st != nil && !st.read.Plain() {
		st = st.withArgs(args)
	}
	if len(portal) == 0 {
		s.portal, s.portalRead = st, nil
		if len(name) == 0 {
			s.portalRead = s.unnamed.read
		}
		return
	}
	if s.portals == nil {
		s.portals = map[string]*statement{}
	}
	s.portals[string(portal)] = st
}

// unnamedStatement is only made where running it does something.
func (s *Session) unnamedStatement() *statement {
	if s.unnamed.read.Plain() {
		return nil
	}
	return &statement{read: s.unnamed.read}
}

// takeDescribe takes a Describe of a statement or a portal.
func (s *Session) takeDescribe(frame, body []byte) error {
	if s.describeLost(body) {
		return nil
	}
	if err := s.attach(nil, true); err != nil {
		return s.reject(err, 'D')
	}
	if len(body) < 2 || body[0] != 'S' || body[len(body)-1] != 0 {
		return s.verbatim(frame, expect{kind: 'D', portal: true, stmt: s.portalNamed(body)})
	}
	name := body[1 : len(body)-1]
	st, refusal := s.named(name)
	if refusal != nil && st.shared != nil {
		st.shape = 0 // it asks what the columns are now
		st, refusal = s.named(name)
	}
	if refusal != nil {
		return s.reject(refusal, 'D')
	}
	return s.rename(frame, 'D', body, 1, 1+len(name), st, expect{kind: 'D', stmt: st})
}

// portalNamed returns the named statement behind a portal that is described.
func (s *Session) portalNamed(body []byte) *statement {
	st := s.portal
	if len(body) > 2 && body[len(body)-1] == 0 {
		st = s.portals[string(body[1:len(body)-1])]
	}
	if st == nil || st.shared == nil {
		return nil
	}
	return st
}

// takeExecute takes an Execute.
func (s *Session) takeExecute(frame, body []byte) error {
	if s.executeLost() {
		return nil
	}
	if err := s.attach(nil, true); err != nil {
		return s.reject(err, 'E')
	}
	e := expect{kind: 'E'}
	if portal, _, ok := protocol.CString(body); ok {
		st := s.portal
		if len(portal) > 0 {
			st = s.portals[string(portal)]
		} else {
			e.read = s.portalRead
		}
		if st != nil {
			e.read, e.stmt = st.read, st
			s.materialize(st.read)
		}
	}
	s.noteWrite(e.read)
	s.t.executed++
	return s.verbatim(frame, e)
}

// verbatim sends a frame as it is.
func (s *Session) verbatim(frame []byte, e expect) error {
	if s.conn == nil {
		if err := s.attach(nil, true); err != nil {
			return s.reject(err, e.kind)
		}
	}
	s.t.out = append(s.t.out, frame...)
	return s.asked(e)
}

func (s *Session) asked(e expect) error {
	s.t.queue.push(e)
	s.t.unsynced = true
	return nil
}

// rename sends the message with the statement's name on the server.
func (s *Session) rename(frame []byte, typ byte, body []byte, from, to int, st *statement, e expect) error {
	switch {
	case st != nil:
		s.t.out = protocol.AppendRenamed(s.t.out, typ, body, from, to, st.shared.Name)
	case s.mode() != Wholly && bytes.HasPrefix(body[from:to], []byte(connpool.NamePrefix)):
		// Not one of the client's: it must not reach what is under that
		// name on the server.
		s.t.out = protocol.AppendRenamed(s.t.out, typ, body, from, to, string(body[from:to])+"?")
	default:
		s.t.out = append(s.t.out, frame...)
	}
	return s.asked(e)
}

// clientName replaces the server's name of a statement in an error by the
// client's.
func clientName(body []byte, st *statement) []byte {
	if st == nil || st.shared == nil || !bytes.Contains(body, []byte(st.shared.Name)) {
		return body
	}
	return []byte(strings.ReplaceAll(string(body), `"`+st.shared.Name+`"`, `"`+st.name+`"`))
}
