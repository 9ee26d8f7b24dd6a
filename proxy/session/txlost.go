package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
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

// takeLost answers a simple Query in a transaction that was lost with its
// server. What was done in it is rolled back, so the client must hear an
// error before a COMMIT can seem to work.
func (s *Session) takeLost(read *sqlparse.Statement) (done bool, err error) {
	s.forgetUnnamed()
	switch s.lastWordOf(read) {
	case sqlparse.KindRollback:
		if len(read.Parts) > 1 { // what follows ROLLBACK is for a server
			s.tx = tx{begin: s.tx.begin[:0]}
			s.toldStatus(protocol.TxIdle)
			return false, nil
		}
		s.endTx("ROLLBACK")
		return true, nil
	case sqlparse.KindCommit:
		if s.tx.state == txFailed {
			s.endTx("ROLLBACK") // as PostgreSQL answers it in a failed transaction
			return true, nil
		}
		refusal := s.lossError()
		s.tx = tx{begin: s.tx.begin[:0]}
		s.toldStatus(protocol.TxIdle)
		return true, s.reject(refusal, 'Q')
	}
	return true, s.reject(s.lossError(), 'Q')
}

// lastWordOf is KindRollback or KindCommit if that is what the statement (or
// the first of several) does with the transaction, else KindUnknown.
func (s *Session) lastWordOf(read *sqlparse.Statement) sqlparse.Kind {
	if read == nil || len(read.Parts) == 0 || read.Parts[0].Chain {
		return sqlparse.KindUnknown
	}
	switch kind := read.Parts[0].Kind; {
	case kind == sqlparse.KindRollback, kind == sqlparse.KindCommit && len(read.Parts) == 1:
		return kind
	}
	return sqlparse.KindUnknown
}

// lossError is what a statement gets in a transaction that was lost; the
// first to get it is the one that tells the client.
func (s *Session) lossError() *pgerror.Error {
	if s.tx.state == txFailed {
		return pgerror.New(pgerror.InFailedSQLTransaction, "current transaction is aborted, commands ignored until end of transaction block")
	}
	s.tx.state = txFailed
	s.toldStatus(protocol.TxFailed)
	return errTxLost
}
