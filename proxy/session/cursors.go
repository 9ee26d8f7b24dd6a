package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// cursors says at which shard a DECLARE of a name was sent last in this
// transaction. Whether the cursor is still there, only that server knows: it
// is a direction and not a promise. Cursors WITH HOLD need none afterwards:
// the session is pinned to their conn.
type cursors map[string]int

// forgetCursors is for the end of a transaction.
func (sh *sharding) forgetCursors() { clear(sh.cursors) }

// cursorTarget is where FETCH, MOVE and CLOSE go.
func (s *Session) cursorTarget(read *sqlparse.Statement) target {
	if k, ok := s.shards.cursors[read.Parts[0].Name]; ok {
		return target{shard: k}
	}
	return target{any: true} // the conn that the session has, or a server that knows of none
}

// declares notes the cursors of a text that goes to one shard by the ordinary
// way. A name that may be in use elsewhere is for the gang to look at.
func (s *Session) declares(read *sqlparse.Statement, to target) target {
	if to.err != nil || to.gang {
		return to
	}
	at := to.shard
	if to.any && s.conn != nil {
		at = s.shards.at
	}
	for i := range read.Parts {
		p := &read.Parts[i]
		if p.Kind != sqlparse.KindDeclare {
			continue
		}
		if k, ok := s.shards.cursors[p.Name]; ok && k != at {
			return target{gang: true}
		}
		if err := s.noteCursor(p.Name, at); err != nil {
			return target{err: err}
		}
	}
	return to
}

func (s *Session) noteCursor(name string, shard int) *pgerror.Error {
	if s.shards.cursors == nil {
		s.shards.cursors = cursors{}
	}
	if len(s.shards.cursors) >= maxStatements {
		return pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many cursors in one transaction (limit %d)", maxStatements)
	}
	s.shards.cursors[name] = shard
	return nil
}

// declaring is called before the gang declares a cursor at shard k: a name is
// one for the whole cluster.
func (s *Session) declaring(name string, k int) error {
	at, known := s.shards.cursors[name]
	if m := s.shards.gang.members[at]; known && at != k && m != nil {
		there := false
		request := protocol.AppendTextQuery(nil, "SELECT 1 FROM pg_catalog.pg_cursors WHERE name OPERATOR(pg_catalog.=) $1", &name)
		if _, err := m.conn.Ask(request, func(int, []byte) { there = true }); err != nil {
			return errClient{s.memberError(m, err)}
		}
		if there {
			return errClient{pgerror.Newf(pgerror.DuplicateCursor, "cursor %q already exists", name)}
		}
	}
	if err := s.noteCursor(name, k); err != nil {
		return errClient{err}
	}
	return nil
}

// cursorShard is where the gang looks for a cursor.
func (s *Session) cursorShard(name string) int {
	if k, ok := s.shards.cursors[name]; ok {
		return k
	}
	if s.conn != nil {
		return s.shards.at // a cursor WITH HOLD
	}
	return s.anyShard(s.shards.at)
}

// followCursor runs FETCH, MOVE or CLOSE where the cursor is.
func (s *Session) followCursor(o *order) error {
	name := o.read.Parts[0].Name
	if name == "" { // CLOSE ALL
		return s.controlAll(o, false)
	}
	return s.directOrder(o, s.cursorShard(name), nil)
}

// declareOrder declares a cursor over rows of several shards. The server's
// cursors show what there was when they were declared, so the rows are put
// together at once; and one server has the cursor over them, which knows all
// of its rules.
func (s *Session) declareOrder(o *order, p *plan.Cursor) error {
	if !p.Hold && !s.shards.gang.open {
		return errClient{pgerror.New(pgerror.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")}
	}
	query := *o
	query.sql = p.SQL
	d, err := s.description(&query, shardsOf(p.Rows.Legs).First())
	if err != nil {
		return err
	}
	subs, err := s.runSubs(&query, p.Rows.Subs, d, nil)
	if err != nil {
		return err
	}
	c, err := s.answerOf(&query, p.Rows, d, subs, s.cursorFormats(d, p.Rows), nil)
	if err != nil {
		return err
	}
	k := s.cursorHost(c, p.Rows)
	if err := s.declaring(p.Name, k); err != nil {
		return err
	}
	if p.Hold {
		if err := s.leaves(k); err != nil {
			return err
		}
	}
	return s.declareAt(o, p, d, c, k)
}

// cursorHost is the shard that has the cursor: what outlives transactions must
// be on one.
func (s *Session) cursorHost(c *collection, p *plan.Scatter) int {
	switch {
	case c.ownTypes():
		return 0
	case s.conn != nil:
		return s.shards.at
	}
	for k, m := range s.shards.gang.members {
		if m != nil && m.left {
			return k
		}
	}
	return c.combineOn(p)
}
