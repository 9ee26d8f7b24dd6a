package session

import (
	"errors"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/scatter"
)

// gang is the server conns of one session on several shards: for a statement
// that concerns several, and for a transaction that does.
type gang struct {
	members []*member // by shard; nil where there is none
	// open: the client has begun a transaction. implicit: wye has, for one
	// statement or one batch, and ends it too.
	open, implicit bool
	failed         bool
	// prelude is what a member that joins later has to run first: BEGIN as
	// the client sent it, savepoints, settings; messages of the extended
	// protocol, without Sync.
	prelude []byte
	set     bool     // a parameter was set in the transaction
	names   []string // of the custom ones among them
	// isolated: all of the transaction's statements see one snapshot, which
	// is not one moment on several shards.
	isolated bool
	ddl      bool
}

// member is one shard's conn.
type member struct {
	shard  int
	conn   *connpool.Conn
	reader *Reader         // where it is; nil: the primary
	stream *scatter.Stream // of the statement under way
	wrote  bool
	begun  bool // it is in the gang's transaction
	kept   bool // the session is pinned to it, and keeps it afterwards
	left   bool // it may hold what outlives the transaction; see leaves
}

// busy reports whether an answer is under way on the conn.
func (m *member) busy() bool { return m.stream != nil && !m.stream.Finished() }

// inTx reports whether members are to be in a transaction.
func (g *gang) inTx() bool { return g.open || g.implicit }

// enlist gives the gang a conn at each of the shards, lowest first: who takes
// conns of several pools in one order does not wait in a circle.
func (s *Session) enlist(set shards.Set, to func(k int) *Reader) *pgerror.Error {
	for k := range set.Each {
		var r *Reader
		if to != nil {
			r = to(k)
		}
		if _, err := s.member(k, r); err != nil {
			return err
		}
	}
	return nil
}

// member returns the gang's conn at shard k, borrowing it at the first need.
// In a transaction it has begun it there.
func (s *Session) member(k int, to *Reader) (*member, *pgerror.Error) {
	g := &s.shards.gang
	m := g.members[k]
	if m == nil {
		if s.conn != nil && s.shards.at == k {
			m = &member{shard: k, conn: s.conn, kept: true, begun: s.conn.Status != protocol.TxIdle}
		} else {
			var err *pgerror.Error
			if m, err = s.recruit(k, to); err != nil {
				return nil, err
			}
		}
		g.members[k] = m
	}
	if g.inTx() && !m.begun {
		if g.isolated && g.begun() > 0 && !s.shards.all.Limits.Load().WeakSnapshots {
			return nil, errSnapshots
		}
		if err := s.beginAt(m); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// fresh forgets how an earlier transaction began.
func (g *gang) fresh(s *Session) {
	if !s.inTransaction() {
		g.prelude, g.isolated = g.prelude[:0], false
		s.shards.forgetCursors()
	}
}

// begun counts the members that are in the transaction.
func (g *gang) begun() (n int) {
	for _, m := range g.members {
		if m != nil && m.begun {
			n++
		}
	}
	return n
}

var errSnapshots = pgerror.New(pgerror.FeatureNotSupported, "a REPEATABLE READ or SERIALIZABLE transaction cannot span shards: their snapshots are not taken at one moment").
	WithHint("Use READ COMMITTED, keep to one sharding key, or set weak_snapshots: true to accept it.")

// recruit borrows a conn at shard k with the client's parameters.
func (s *Session) recruit(k int, to *Reader) (*member, *pgerror.Error) {
	conn, at := s.conn, s.shards.at
	s.conn = nil
	s.stand(k)
	c, err := s.equip(to, nil)
	if err != nil && to != nil {
		to = nil // the replica was lost: the primary has it all
		c, err = s.equip(nil, nil)
	}
	s.readOn(to)
	s.stand(at)
	s.conn = conn
	s.setState(active, now())
	if err != nil {
		return nil, asClientError(err)
	}
	if to != nil {
		to.Host.Begin(int64(instant(now())))
	}
	return &member{shard: k, conn: c, reader: to}, nil
}

// beginAt begins the gang's transaction at a member.
func (s *Session) beginAt(m *member) *pgerror.Error {
	g := &s.shards.gang
	request := protocol.AppendQuery(nil, "BEGIN")
	if len(g.prelude) > 0 {
		request = protocol.AppendFrame(append([]byte(nil), g.prelude...), 'S')
	}
	if _, err := m.conn.Ask(request, nil); err != nil {
		return s.memberError(m, err)
	}
	m.begun = true
	return nil
}

// memberError is what the client is told of an error on a member's conn.
func (s *Session) memberError(m *member, err error) *pgerror.Error {
	var e *pgerror.Error
	if errors.As(err, &e) && !e.IsFatal() {
		return e
	}
	m.conn.Doom()
	s.env.Log.Warn("server connection lost", "client", s.ID, "db", s.Database(), "user", s.User(), "server", m.conn.Addr, "error", err.Error())
	for k, other := range s.shards.gang.members {
		if other == m {
			s.shards.all.List[k].Servers.Lost(m.conn.Addr)
		}
	}
	if s.shards.gang.open {
		return errTxLost
	}
	code := pgerror.ConnectionFailure
	if m.wrote {
		code = pgerror.TransactionOutcomeUnknown
	}
	return pgerror.New(code, "server closed the connection unexpectedly").
		WithDetail("the server may have finished the statement before or while the connection was lost")
}

// disband gives all conns back. What is still in a transaction is rolled back.
func (s *Session) disband() {
	g := &s.shards.gang
	s.cancelable(nil)
	for k, m := range g.members {
		if m == nil {
			continue
		}
		g.members[k] = nil
		if m.reader != nil {
			m.reader.Host.End(int64(instant(now())), now()-s.requestAt, !m.conn.Doomed())
		}
		if m.conn.Settle() != nil {
			m.conn.Doom()
		}
		if m.conn.Status != protocol.TxIdle && !m.conn.Doomed() {
			if _, err := m.conn.Ask(protocol.AppendQuery(nil, "ROLLBACK"), nil); err != nil {
				m.conn.Doom()
			}
		}
		if m.left && !m.conn.Doomed() {
			s.keepLeft(m)
		}
		switch {
		case m.kept && (s.pins == 0 || m.conn.Doomed()):
			s.conn = nil
			s.shown.conn.Store(0)
			s.unwatchServer(m.conn)
			s.setPins(0)
			m.conn.Release()
		case m.kept:
		default:
			m.conn.Release()
		}
	}
	g.open, g.implicit, g.failed, g.set, g.ddl, g.isolated, g.names = false, false, false, false, false, false, nil
	g.prelude = g.prelude[:0]
	s.shards.forgetCursors()
	s.tellDefined()
	if s.conn == nil {
		s.stand(0)
	}
}

// leaveGang ends whatever is under way with others than the client.
func (s *Session) leaveGang() {
	if s.shards == nil {
		return
	}
	s.gangWrote() // what is under way may be done before anybody can stop it
	for _, m := range s.shards.gang.members {
		if m != nil && m.busy() {
			m.conn.Doom()
		}
	}
	s.disband()
}
