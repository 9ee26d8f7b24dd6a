package session

import (
	"context"
	"slices"
	"strings"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/shards/commit"
)

// commitGang commits what the members have done: all of it or nothing. The
// clocks of freshness are moved before the client hears of it.
func (s *Session) commitGang() *pgerror.Error {
	g := &s.shards.gang
	writers := 0
	for _, m := range g.members {
		if m != nil && m.begun && m.wrote {
			writers++
		}
	}
	limits := s.shards.all.Limits.Load()
	var refusal *pgerror.Error
	switch {
	case writers > 1 && limits.Writes == RefuseWrites:
		return pgerror.New(pgerror.FeatureNotSupported, "the transaction has written on several shards").
			WithHint("Keep a transaction to one sharding key, or set multi_shard_write to 2pc.")
	case writers > 1 && limits.Writes == TwoPhase:
		refusal = s.commitTogether()
	default:
		refusal = s.commitInTurn()
	}
	s.gangWrote() // perhaps, if nobody knows; and of those that commit in turn, the first may have
	if refusal != nil && refusal.Code != pgerror.TransactionOutcomeUnknown {
		return refusal
	}
	for _, m := range g.members {
		if m != nil {
			m.begun = false
		}
	}
	if refusal == nil && g.set {
		return s.gangParams()
	}
	return refusal
}

// commitTogether has package commit do it.
func (s *Session) commitTogether() *pgerror.Error {
	g := &s.shards.gang
	var parts []commit.Participant
	for k, m := range g.members {
		if m != nil && m.begun {
			parts = append(parts, commit.Participant{Shard: k, Conn: commitConn{m.conn}, Wrote: m.wrote})
		}
	}
	out := s.shards.all.Committer.Commit(s.env.Registry.ctx, parts)
	for _, k := range out.Broken {
		if m := g.members[k]; m != nil {
			m.conn.Doom()
			s.shards.all.List[k].Servers.Lost(m.conn.Addr)
		}
	}
	return out.Err
}

// commitConn is a server conn as package commit wants it.
type commitConn struct{ *connpool.Conn }

// Exec implements commit.Conn.
func (c commitConn) Exec(ctx context.Context, sql string) (tag string, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.NetConn().Close() }) // nothing less ends a wait for certain
	defer stop()
	_, err = c.Converse(protocol.AppendQuery(nil, sql), func(typ byte, body []byte) {
		if typ == 'C' {
			t, _, _ := protocol.CString(body)
			tag = string(t)
		}
	})
	return tag, err
}

// commitInTurn commits one member after the other. Who wrote goes first:
// until it has committed, all can be taken back.
func (s *Session) commitInTurn() *pgerror.Error {
	for _, wrote := range []bool{true, false} {
		for _, m := range s.shards.gang.members {
			if m == nil || !m.begun || m.wrote != wrote {
				continue
			}
			if err := s.commitOne(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Session) commitOne(m *member) *pgerror.Error {
	tag, err := commitConn{m.conn}.Exec(s.env.Registry.ctx, "COMMIT")
	switch {
	case err != nil && m.conn.Doomed() && m.wrote:
		_ = s.memberError(m, err)
		return pgerror.New(pgerror.TransactionOutcomeUnknown, "server closed the connection unexpectedly").
			WithDetail("the server may have committed the transaction before or while the connection was lost")
	case err != nil:
		return s.memberError(m, err)
	case tag == "ROLLBACK":
		return pgerror.New("40000", "the transaction was rolled back on one of its shards")
	}
	return nil
}

// gangParams asks a member what the session's parameters are after the
// transaction, of which some may have been set for its time only.
func (s *Session) gangParams() *pgerror.Error {
	for _, m := range s.shards.gang.members {
		if m == nil || m.conn.Doomed() {
			continue
		}
		var custom []string
		for _, set := range []connpool.Params{s.params, s.startup, m.conn.Params} {
			for name := range set.All {
				if strings.Contains(name, ".") && !slices.Contains(custom, name) {
					custom = append(custom, name)
				}
			}
		}
		p, err := m.conn.CurrentAll(append(custom, s.shards.gang.names...))
		if err == nil {
			s.adoptGang(p)
			return nil
		}
	}
	return pgerror.Fatal(pgerror.ConnectionFailure, "the servers were lost that know the session's parameters; the transaction was committed")
}

// gangWrote moves the clocks of the shards that were written.
func (s *Session) gangWrote() {
	g := &s.shards.gang
	any := false
	at := instant(now())
	for k, m := range g.members {
		if m != nil && m.wrote {
			any = true
			s.shards.all.List[k].Servers.Wrote(at, nil, true, g.ddl)
			m.wrote = false
		}
	}
	if any {
		s.wrote = at
	}
}

// adoptGang makes p the session's parameters, as its members' servers have
// them.
func (s *Session) adoptGang(p connpool.Params) {
	for _, m := range s.shards.gang.members {
		if m != nil {
			m.conn.Params = p
		}
	}
	for name, value := range s.startup.All {
		if _, ok := p.Get(name); !ok {
			p = p.With(name, value)
		}
	}
	s.setParams(p)
}
