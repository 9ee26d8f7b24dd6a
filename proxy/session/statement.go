package session

import (
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// statement is a prepared statement as the client sees it. Under its own
// name on the server it is a connpool.Prepared, which other clients share.
type statement struct {
	name     string
	read     *sqlparse.Statement
	shared   *connpool.Prepared
	planning connpool.Params   // that shared was found with
	on       *connpool.Conn    // the conn that also has it under the client's name, see materialize
	shape    connpool.Shape    // columns that the client was told, 0 = none yet
	bound    []sqlparse.Effect // of a portal: what it does, where that is in its arguments
	prepared *Description      // on a sharded cluster, by SQL: what the lead shard said of it
}

// maxStatements bounds the prepared statements of one client.
const maxStatements = 10000

// unnamed is the client's unnamed statement. It outlives Sync, so it may have
// to be parsed again on another server conn.
type unnamed struct {
	frame []byte // the Parse message; empty when there is no statement
	read  *sqlparse.Statement
	id    uint64 // of this Parse, see connpool.Conn.Unnamed
}

// forgetUnnamed notes that the client has no unnamed statement any more.
func (s *Session) forgetUnnamed() {
	s.unnamed = unnamed{frame: s.unnamed.frame[:0]}
	if s.pins.has(pinLargeUnnamed) {
		s.setPins(s.pins &^ pinLargeUnnamed)
	}
}

// statement gives name a meaning.
func (s *Session) statement(name string, st *statement) {
	if s.statements == nil {
		s.statements = map[string]*statement{}
	}
	s.statements[name] = st
	s.shown.prepared.Store(int32(len(s.statements)))
}

func (s *Session) dropStatement(name string) {
	delete(s.statements, name)
	s.shown.prepared.Store(int32(len(s.statements)))
}

// dropStatements forgets all of them, but not those whose Parse comes later
// in the same pipeline.
func (s *Session) dropStatements() {
	s.statements = nil
	s.shown.prepared.Store(0)
	if s.t == nil {
		return
	}
	for _, e := range s.t.queue.entries[s.t.queue.head:] {
		if e.kind == 'P' && e.do != skip && e.stmt != nil {
			s.statement(e.stmt.name, e.stmt)
		}
	}
}

// serverLostStatements notes that the server has dropped every prepared
// statement, but not those that are parsed later in the same pipeline.
func (s *Session) serverLostStatements() {
	s.conn.ForgetAll()
	for _, e := range s.t.queue.entries[s.t.queue.head:] {
		if e.kind == 'P' && e.shared != nil {
			s.conn.Keep(e.shared, s.t.batch)
		}
	}
}

// takeClose takes a Close. Closing a statement only drops the client's name
// for it: other clients may be using what the server has.
func (s *Session) takeClose(frame, body []byte) error {
	t := s.t
	if len(body) < 2 || body[len(body)-1] != 0 || body[0] != 'S' || len(body) == 2 {
		if err := s.attach(nil, false); err != nil {
			return s.reject(err, 'C')
		}
		if len(body) == 2 && body[0] == 'S' {
			s.forgetUnnamed()
			s.conn.Unnamed = 0
		}
		return s.verbatim(frame, expect{kind: 'C'})
	}
	name := string(body[1 : len(body)-1])
	st := s.statements[name]
	s.dropStatement(name)
	if s.conn != nil && (st == nil || st.shared == nil || st.on == s.conn) {
		return s.verbatim(frame, expect{kind: 'C', stmt: st, was: st})
	}
	t.queue.push(expect{kind: 'C', do: fake, stmt: st, was: st})
	t.unsynced = s.conn != nil
	return nil
}

// materialize gives the server the client's protocol-level statements that
// the SQL text names (EXECUTE x, DEALLOCATE x, or PREPARE x, which must
// fail), under the client's names.
// It reports whether it sent anything. In a failed transaction the statement
// fails anyway, and so would the Parse.
func (s *Session) materialize(read *sqlparse.Statement) (sent bool) {
	if read == nil || read.Plain() || s.conn.Status == protocol.TxFailed {
		return false
	}
	t := s.t
	for _, part := range read.Parts {
		for _, e := range part.Effects {
			if e.Kind != sqlparse.ExecutePrepared && e.Kind != sqlparse.Deallocate && e.Kind != sqlparse.Prepare {
				continue
			}
			st := s.statements[e.Name]
			if st == nil || st.shared == nil || st.on == s.conn {
				continue
			}
			t.out = protocol.AppendClose(t.out, st.name)
			t.queue.push(expect{kind: 'C', do: skip})
			s.pin(pinPrepare)
			if e.Kind == sqlparse.Deallocate {
				// Anything under that name will do, and an empty statement
				// is parsed whatever the transaction is like.
				t.out = protocol.AppendParse(t.out, st.name, "", []byte{0, 0})
			} else {
				st.on = s.conn
				t.out = protocol.AppendParse(t.out, st.name, st.shared.SQL, st.shared.OIDs)
			}
			t.queue.push(expect{kind: 'P', do: skip})
			sent = true
		}
	}
	return sent
}
