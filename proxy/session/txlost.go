package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// endsLost reports whether a statement of the extended protocol ends a
// transaction that was lost with its server: then it is answered here, since
// no server has that transaction. A COMMIT that would be the first to hear of
// the loss is not among them: it gets the error.
func (s *Session) endsLost(read *sqlparse.Statement) bool {
	if s.tx.state != txLost && s.tx.state != txFailed || read == nil || len(read.Parts) != 1 {
		return false
	}
	kind := s.lastWordOf(read)
	return kind == sqlparse.KindRollback || kind == sqlparse.KindCommit && s.tx.state == txFailed
}

// parseLost takes a Parse of such a statement.
func (s *Session) parseLost(frame, name, sql, oids []byte, read *sqlparse.Statement) {
	if len(name) == 0 {
		s.rememberUnnamed(frame, read)
	} else {
		st := &statement{name: string(name), read: read, planning: s.planning, shared: s.env.Statements.Find(sql, oids, s.planning)}
		s.statement(st.name, st)
	}
	s.tally.ClientParses++
	s.t.queue.push(expect{kind: 'P', do: fake})
}

// bindLost takes a Bind of one, if it is one.
func (s *Session) bindLost(name []byte) bool {
	read := s.readOf(name)
	if !s.endsLost(read) {
		return false
	}
	s.tx.portal = read
	s.tally.Binds++
	s.t.queue.push(expect{kind: 'B', do: fake})
	return true
}

// readOf is what the client's statement of that name does, nil if it has none.
func (s *Session) readOf(name []byte) *sqlparse.Statement {
	if len(name) == 0 {
		return s.unnamed.read
	}
	if st := s.statements[string(name)]; st != nil {
		return st.read
	}
	return nil
}

// describeLost takes a Describe of one, if it is one. body is the message's.
func (s *Session) describeLost(body []byte) bool {
	if len(body) < 2 {
		return false
	}
	isPortal := body[0] == 'P'
	read := s.tx.portal
	if !isPortal {
		read = s.readOf(body[1 : len(body)-1])
	}
	if !s.endsLost(read) {
		return false
	}
	s.t.queue.push(expect{kind: 'D', do: fake, portal: isPortal})
	return true
}

// executeLost takes an Execute of one, if it is one.
func (s *Session) executeLost() bool {
	if !s.endsLost(s.tx.portal) {
		return false
	}
	s.t.executed++
	s.t.queue.push(expect{kind: 'E', do: fake})
	return true
}

// appendRolledBack answers the Execute that ends a lost transaction.
func (s *Session) appendRolledBack(dst []byte) []byte {
	s.tx = tx{begin: s.tx.begin[:0]}
	s.toldStatus(protocol.TxIdle)
	s.shown.xactSince.Store(0)
	return protocol.AppendCommandComplete(dst, "ROLLBACK")
}

// appendNoColumns answers the Describe of a statement or portal without
// arguments and columns.
func appendNoColumns(dst []byte, portal bool) []byte {
	if !portal {
		dst = protocol.AppendFrame(dst, 't', 0, 0)
	}
	return protocol.AppendFrame(dst, 'n')
}
