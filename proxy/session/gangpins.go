package session

import (
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// leaves notes that what runs at shard k now may leave something on its
// server session that outlives the transaction. The session can be pinned to
// one conn only.
func (s *Session) leaves(k int) error {
	other := s.conn != nil && s.shards.at != k
	for at, m := range s.shards.gang.members {
		other = other || m != nil && m.left && at != k
	}
	if other {
		return errClient{errTwoPins}
	}
	m, err := s.member(k, nil)
	if err != nil {
		return errClient{err}
	}
	if m.reader != nil {
		return errClient{errLeftOnReplica}
	}
	m.left = true
	return nil
}

var errTwoPins = pgerror.New(pgerror.FeatureNotSupported, "what outlives a transaction cannot be on two shards of one session").
	WithHint("Close the session's cursors WITH HOLD, and give back its advisory locks, first.")

var errLeftOnReplica = pgerror.New(pgerror.FeatureNotSupported, "what outlives a transaction cannot be on a replica of one shard when others take part").
	WithHint("SET wye.role = 'primary' before the transaction.")

// outlasts reports whether the statement may leave something that pins.
func outlasts(read *sqlparse.Statement) bool {
	for i := range read.Parts {
		for j := range read.Parts[i].Effects {
			if pinOf(&read.Parts[i].Effects[j])&pinsAudited != 0 {
				return true
			}
		}
	}
	return false
}

// keepLeft pins the session to a member's conn if that holds something of the
// session's still. The conn must be idle.
func (s *Session) keepLeft(m *member) {
	found, err := m.conn.Audit()
	if err != nil {
		m.conn.Doom()
		return
	}
	pins := s.heldPins(&found)
	switch {
	case pins == 0:
		return
	case m.kept:
		s.pin(pins)
		return
	case s.conn != nil: // leaves has seen to it that there is none
		m.conn.Doom()
		return
	}
	s.stand(m.shard)
	s.conn, m.kept = m.conn, true
	s.shown.conn.Store(m.conn.ID)
	s.pin(pins)
}
