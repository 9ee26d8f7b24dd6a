package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router"
)

// Open finds out what a server reports to a client with these startup
// parameters. A server is only asked when that is not known yet; a bad
// parameter is refused here, as PostgreSQL does, and not at the first query.
// In session mode the client gets its server conn now, and its process id,
// which some drivers compare with pg_backend_pid().
//
// keyLen is the length of the cancel key: 4 bytes in protocol 3.0.
func (s *Session) Open(keyLen int) *pgerror.Error {
	s.Key = NewKey(keyLen)
	s.PID = s.env.Registry.NextPID()
	wholly := s.mode() == Wholly
	if s.shards != nil {
		if err := s.askPath(); err != nil {
			return asClientError(err)
		}
	}
	if reported, ok := s.pool.Profile(s.startup); ok && !wholly {
		s.told = reported
		s.enter()
		return nil
	}
	c, err := s.equip(nil, nil)
	if err != nil {
		return asClientError(err)
	}
	s.told = c.Reported
	s.pool.SetProfile(s.startup, c.Reported)
	if wholly {
		s.conn, s.PID = c, c.PID
		s.shown.conn.Store(c.ID)
		s.enter()
		return nil
	}
	c.Release()
	s.enter()
	return nil
}

// enter makes the session known, before its client is told that it is in:
// it may be cancelled from then on. Its time begins now.
func (s *Session) enter() {
	s.setState(s.restState(), now())
	s.tally.Logins++
	s.counts.Add(&s.tally)
	s.env.Registry.add(s)
}

// AppendWelcome appends what follows AuthenticationOk: parameters, the key
// for cancel requests, and readiness.
func (s *Session) AppendWelcome(dst []byte) []byte {
	for name, value := range s.told.All {
		if name == inHotStandby && s.routeOf(s.settings.Load()) == router.RouteReplica {
			value = "on" // what target_session_attrs=read-only looks for
		}
		dst = protocol.AppendParameterStatus(dst, reportedName(name), value)
	}
	dst = protocol.AppendBackendKey(dst, s.PID, s.Key)
	return protocol.AppendReady(dst, protocol.TxIdle)
}

// Abandon gives back what Open took, for a session that will not Run.
func (s *Session) Abandon() {
	s.env.Registry.remove(s)
	s.leaveServer()
	_ = s.client.Close()
}
