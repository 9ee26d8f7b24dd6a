package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// change is what the statements of a transaction did to the session and is
// not settled yet. Where the text of one successful statement tells the
// outcome it is taken from there; in all other cases (transactions with
// their rollbacks and savepoints, computed values) the server is asked when
// the transaction is over. Asking is right by construction.
type change struct {
	set       []connpool.Change // parameters and their new values
	ask       []string          // parameters whose value must be asked
	askAll    bool              // any parameter may have changed
	reset     []string          // RESET x: goes back to what the client started with
	resetAll  bool
	discarded bool   // DISCARD ALL
	audit     bool   // what pins may have changed
	pins      pinSet // reasons that certainly came
	local     bool   // a parameter may be different until the transaction ends
	uncertain bool   // an error, or a longer transaction: the text does not tell
}

func (c *change) any() bool {
	return c.set != nil || c.ask != nil || c.askAll || c.reset != nil || c.resetAll || c.discarded || c.audit || c.pins != 0 || c.local
}

// noteEffects takes in that one statement was completed.
func (s *Session) noteEffects(head *expect) {
	parts := head.read.Parts
	i := head.part
	if i >= len(parts) {
		i = len(parts) - 1 // the last part stands for all that follow it
	}
	if i < 0 {
		return
	}
	if len(parts) > 1 || s.inTransaction() || s.t.completed > 0 {
		s.change.uncertain = true
	}
	effects := parts[i].Effects
	if head.stmt != nil && head.stmt.bound != nil {
		effects = head.stmt.bound
	}
	for j := range effects {
		s.noteEffect(&effects[j])
	}
}

func (s *Session) noteEffect(e *sqlparse.Effect) {
	c := &s.change
	c.pins |= pinOf(e)
	switch e.Kind {
	case sqlparse.SetParam:
		s.noteSet(e)
	case sqlparse.ParamUnknown:
		s.planning = s.privatePlanning()
		c.local = true
		if e.Name == "" {
			c.askAll = true
		} else {
			c.ask = append(c.ask, e.Name)
		}
	case sqlparse.ResetParam:
		c.reset = append(c.reset, e.Name)
		s.planning = s.privatePlanning()
	case sqlparse.ResetAll:
		c.resetAll = true
		s.planning = s.privatePlanning()
	case sqlparse.DiscardAll:
		c.discarded = true
		s.serverLostStatements()
		s.conn.Unnamed = 0
		s.dropStatements()
		s.forgetUnnamed()
	case sqlparse.Deallocate:
		s.dropStatement(e.Name)
		c.audit = true
	case sqlparse.DeallocateAll:
		s.serverLostStatements()
		s.dropStatements()
		c.audit = true
	case sqlparse.SessionAuthorization, sqlparse.SessionAuthorizationDefault:
		c.ask = append(c.ask, "role")
		c.audit = true
	case sqlparse.TempObject:
		if e.UntilCommit {
			c.audit = true
		}
	case sqlparse.DiscardSequences:
		s.setPins(s.pins &^ pinSequence)
	case sqlparse.DiscardTemp, sqlparse.CloseCursor, sqlparse.CloseAllCursors, sqlparse.Unlisten,
		sqlparse.UnlistenAll, sqlparse.AdvisoryUnlock, sqlparse.AdvisoryUnlockAll:
		c.audit = true
	case sqlparse.Unknown:
		c.askAll, c.audit, c.local = true, true, true
		s.planning = s.privatePlanning()
	}
}

func (s *Session) noteSet(e *sqlparse.Effect) {
	c := &s.change
	s.planning = s.privatePlanning()
	c.local = true
	switch {
	case e.NameArg != 0: // bound in a way that could not be read
		c.askAll = true
	case e.Local && e.LocalArg == 0:
	case e.ValueArg != 0 || e.LocalArg != 0:
		c.ask = append(c.ask, e.Name)
	default:
		value := e.Value
		c.set = append(c.set, connpool.Change{Name: e.Name, Value: &value})
	}
}

// privatePlanning is a value of planning that no other session has: until
// the transaction ends, nobody knows what the parameters are.
func (s *Session) privatePlanning() connpool.Params {
	return connpool.NewParams([2]string{"private", s.env.Registry.nextTokenText()})
}

// setParams makes p what the client has set.
func (s *Session) setParams(p connpool.Params) {
	s.params = p
	s.wish = wishOf(p)
	s.planning = p.Planning()
}

// oddity is a way in which the server splits SQL text into tokens otherwise
// than our lexer does.
type oddity byte

const (
	oddBackslash oddity = 1 << iota // a backslash escapes in plain strings
	oddHighByte                     // the second byte of a character may look like a quote or a backslash
)

// in reports whether the difference shows in this text.
func (o oddity) in(sql []byte) bool {
	for _, c := range sql {
		if o&oddBackslash != 0 && c == '\\' || o&oddHighByte != 0 && c >= 0x80 {
			return true
		}
	}
	return false
}

// oddities looks at what the client was told of its parameters.
func (s *Session) oddities() oddity {
	if s.told == s.seen {
		return s.odd
	}
	s.seen, s.odd = s.told, 0
	if scs, _ := s.told.Get("standard_conforming_strings"); scs == "off" {
		s.odd |= oddBackslash
	}
	if encoding, _ := s.told.Get("client_encoding"); unsafeEncodings[encoding] {
		s.odd |= oddHighByte
	}
	return s.odd
}

// unsafeEncodings are those that only clients can use, because they are not
// supersets of ASCII byte by byte (PG_VALID_FE_ENCODING beyond
// PG_VALID_BE_ENCODING in src/include/mb/pg_wchar.h).
var unsafeEncodings = map[string]bool{
	"SJIS": true, "BIG5": true, "GBK": true, "UHC": true, "GB18030": true, "JOHAB": true, "SHIFT_JIS_2004": true,
}

// afterReady counts, and ends what a transaction kept.
func (s *Session) afterReady() {
	status := s.idleStatus
	s.shown.inTx.Store(status != protocol.TxIdle)
	if status != protocol.TxIdle {
		s.change.uncertain = true
		return
	}
	if !s.change.any() {
		s.change.uncertain = false
	}
	s.tx.reads = false
	s.portal, s.portalRead = nil, nil
	if s.portals != nil {
		clear(s.portals)
	}
}
