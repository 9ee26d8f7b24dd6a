package session

import (
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// pinSet is the set of reasons why a session keeps its server conn between
// transactions.
type pinSet uint32

// The reasons, as SHOW PINS and the metric wye_pins name them.
const (
	pinAdvisory pinSet = 1 << iota
	pinTemp
	pinCursor
	pinPrepare
	pinListen
	pinLoad
	pinSeed
	pinAuthorization
	pinBound
	pinLarge
	pinLargeUnnamed
	pinSequence
	pinReasons = iota
)

var pinNames = [pinReasons]string{
	"advisory_lock", "temp_object", "hold_cursor", "sql_prepare", "listen", "load", "setseed",
	"session_authorization", "session_bound", "large_statement", "large_unnamed_statement", "sequence_value",
}

// pinsAudited are the reasons whose end can be asked of the server.
const pinsAudited = pinAdvisory | pinTemp | pinCursor | pinPrepare | pinListen | pinAuthorization

// pinsForever are those that nothing undoes: the conn is closed with the
// session.
const pinsForever = pinLoad | pinSeed | pinBound

func (p pinSet) has(q pinSet) bool { return p&q != 0 }

// Names lists the reasons.
func (p pinSet) names() []string {
	var names []string
	for i := range pinReasons {
		if p&(1<<i) != 0 {
			names = append(names, pinNames[i])
		}
	}
	return names
}

// pin adds reasons.
func (s *Session) pin(p pinSet) { s.setPins(s.pins | p) }

// setPins replaces the reasons and counts the difference.
func (s *Session) setPins(to pinSet) {
	for i := range pinReasons {
		bit := pinSet(1) << i
		switch {
		case to&bit != 0 && s.pins&bit == 0:
			s.counts.Pinned(pinNames[i])
		case to&bit == 0 && s.pins&bit != 0:
			s.counts.Unpinned(pinNames[i])
		}
	}
	s.pins = to
	s.shown.pins.Store(uint32(to))
}

// pinOf is the reason that an effect gives.
func pinOf(e *sqlparse.Effect) pinSet {
	switch e.Kind {
	case sqlparse.AdvisoryLock:
		return pinAdvisory
	case sqlparse.TempObject:
		return pinTemp
	case sqlparse.HoldCursor:
		return pinCursor
	case sqlparse.Prepare:
		return pinPrepare
	case sqlparse.Listen:
		return pinListen
	case sqlparse.Load:
		return pinLoad
	case sqlparse.SetSeed:
		return pinSeed
	case sqlparse.SessionAuthorization:
		return pinAuthorization
	case sqlparse.SessionBound:
		return pinBound
	}
	return 0
}

// refusalOf returns why a statement is refused, or nil: by the policy
// `pin: error`, or because the mode cannot do it.
func (s *Session) refusalOf(read *sqlparse.Statement) *pgerror.Error {
	settings := s.settings.Load()
	if !settings.RefusePins || s.mode() == Wholly {
		return nil
	}
	for _, part := range read.Parts {
		for i := range part.Effects {
			p := s.wouldPin(&part.Effects[i])
			if p == 0 || p == pinTemp && part.Effects[i].UntilCommit {
				continue
			}
			return pgerror.Newf(pgerror.FeatureNotSupported, "%s needs a server connection of its own, which this pool does not give", p.names()[0]).
				WithHint("set pool pin: allow, or pool mode: session for this user")
		}
	}
	return nil
}

// wouldPin is the reason that an effect would give at this moment: some
// statements only pin because of what the session did before.
func (s *Session) wouldPin(e *sqlparse.Effect) pinSet {
	switch e.Kind {
	case sqlparse.Prepare:
		if s.shards != nil { // see prepareOrder
			return 0
		}
	case sqlparse.SequenceValue:
		if s.conn == nil { // see borrow
			return pinSequence
		}
	case sqlparse.ExecutePrepared:
		if st := s.statements[e.Name]; s.shards == nil && st != nil && st.shared != nil { // see materialize
			return pinPrepare
		}
	}
	return pinOf(e)
}

// role is whom the session's server conns are logged in as.
func (s *Session) role() string {
	if named := s.settings.Load().Role; named != "" {
		return named
	}
	return s.User()
}
