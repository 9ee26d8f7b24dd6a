package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// read looks a text up. Where the server splits text into tokens in another
// way than our lexer, nothing is known about it.
func (s *Session) read(sql []byte) *sqlparse.Statement {
	if odd := s.oddities(); odd != 0 && odd.in(sql) {
		return sqlparse.Opaque()
	}
	return s.env.SQL.Read(sql)
}

// takeParse takes a Parse. A named one is renamed to the name that all
// clients with the same statement share; one that the server has is answered
// without it.
func (s *Session) takeParse(frame, body []byte) error {
	t := s.t
	name, rest, ok1 := protocol.CString(body)
	sql, oids, ok2 := protocol.CString(rest)
	if !ok1 || !ok2 || len(oids) < 2 || len(oids) != 2+4*int(binary.BigEndian.Uint16(oids)) {
		return s.verbatim(frame, expect{kind: 'P'}) // malformed: the server says so
	}
	read := t.first
	if t.first = nil; read == nil {
		read = s.read(sql)
	}
	if !read.Plain() || !read.Parsed() || read.Kind() == sqlparse.KindShow {
		if refusal := ownRefusal(read, sql, true); refusal != nil {
			return s.reject(refusal, 'P')
		}
		if refusal := s.refusalOf(read); refusal != nil {
			return s.reject(refusal, 'P')
		}
	}
	if s.endsLost(read) {
		s.parseLost(frame, name, sql, oids, read)
		return nil
	}
	if err := s.attach(read, true); err != nil {
		return s.reject(err, 'P')
	}
	s.tally.ClientParses++
	if len(name) == 0 {
		return s.parseUnnamed(frame, read)
	}
	old := s.statements[string(name)]
	if old != nil && old.shared == nil {
		return s.verbatim(frame, expect{kind: 'P', stmt: old, was: old})
	}
	if s.mode() == Wholly || (s.pins|s.change.pins).has(pinPrepare) && old == nil {
		s.statement(string(name), &statement{name: string(name), read: read})
		return s.verbatim(frame, expect{kind: 'P', stmt: s.statements[string(name)]})
	}
	if old != nil {
		// The server answers 42P05, in its own words, to a second Parse
		// under the same name.
		if err := s.ensure(old); err != nil {
			return s.reject(err, 'P')
		}
		t.out = protocol.AppendParse(t.out, old.shared.Name, string(sql), oids)
		return s.asked(expect{kind: 'P', stmt: old, refusal: nil, was: old})
	}
	if len(s.statements) >= maxStatements {
		return s.reject(pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many prepared statements (limit %d)", maxStatements).
			WithHint("close statements that are not used any more"), 'P')
	}
	st := &statement{name: string(name), read: read, planning: s.planning, shared: s.env.Statements.Find(sql, oids, s.planning)}
	s.statement(st.name, st)
	if s.conn.Has(st.shared, t.batch) && s.conn.Status != protocol.TxFailed {
		t.queue.push(expect{kind: 'P', do: fake, stmt: st})
		t.unsynced = true
		return nil
	}
	s.prepare(st, forward)
	return nil
}

func (s *Session) parseUnnamed(frame []byte, read *sqlparse.Statement) error {
	s.rememberUnnamed(frame, read)
	s.conn.Unnamed = s.unnamed.id
	return s.verbatim(frame, expect{kind: 'P'})
}

// rememberUnnamed makes frame, a Parse, the client's unnamed statement.
func (s *Session) rememberUnnamed(frame []byte, read *sqlparse.Statement) {
	s.forgetUnnamed()
	s.unnamed.frame = append(s.unnamed.frame, frame...)
	s.unnamed.read = read
	s.unnamed.id = s.env.Registry.nextToken()
}

// prepare sends Parse for st, making room on the server when it has too many.
func (s *Session) prepare(st *statement, do answer) {
	t := s.t
	p := st.shared
	s.remember(p)
	t.out = protocol.AppendParse(t.out, p.Name, p.SQL, p.OIDs)
	t.queue.push(expect{kind: 'P', do: do, stmt: st, shared: p})
	if do == skip {
		t.out = protocol.AppendDescribe(t.out, p.Name)
		t.queue.push(expect{kind: 'D', do: skip, stmt: st})
	}
	t.unsynced = true
	s.tally.ServerParses++
}

// remember notes that the server has p, and has it close what is then too
// much.
func (s *Session) remember(p *connpool.Prepared) {
	t := s.t
	for evicted := s.conn.Remember(p, t.batch); evicted != nil; evicted = s.conn.Remember(p, t.batch) {
		t.out = protocol.AppendClose(t.out, evicted.Name)
		t.queue.push(expect{kind: 'C', do: skip, shared: evicted})
	}
}

// ensure makes sure that the server has st, under the planning parameters of
// now. A client that was told the columns of st must not get rows of others:
// where they have changed, it gets the error that PostgreSQL has for that, and
// on which drivers prepare anew.
func (s *Session) ensure(st *statement) *pgerror.Error {
	t := s.t
	if st.shared == nil {
		return nil
	}
	if st.planning != s.planning {
		st.planning = s.planning
		st.shared = s.env.Statements.Find([]byte(st.shared.SQL), st.shared.OIDs, s.planning)
	}
	has := s.conn.Has(st.shared, t.batch)
	if has && !s.differs(st) {
		return nil
	}
	ready := t.queue.empty() && !t.unsynced && !t.halfRead() && s.conn.Status != protocol.TxFailed
	switch {
	case has && !ready:
		s.env.Statements.Renew(st.shared)
		return errShape
	case st.shape == 0 || !ready:
		s.prepare(st, skip)
		return nil
	}
	ask := s.conn.Prepare
	if has {
		ask = s.conn.Reprepare // it may have been parsed before a change that the client's was parsed after
	}
	shape, err := ask(st.shared)
	if err != nil {
		s.conn.Forget(st.shared)
		s.prepare(st, skip) // it will fail again, as the answer to the client's message
		return nil
	}
	s.tally.ServerParses++
	s.remember(st.shared)
	s.conn.SetShape(st.shared, shape)
	if shape != st.shape {
		s.env.Statements.Renew(st.shared)
		return errShape
	}
	return nil
}

// differs reports whether the server conn's statement is known to have other
// columns than the client was told.
func (s *Session) differs(st *statement) bool {
	shape := s.conn.Shape(st.shared)
	return shape != 0 && st.shape != 0 && shape != st.shape
}

// errShape is PostgreSQL's error to the routine's name, by which asyncpg and
// pgjdbc know that they are to prepare anew.
var errShape = &pgerror.Error{
	Severity: pgerror.SeverityError, Code: pgerror.FeatureNotSupported,
	Message: "cached plan must not change result type", Routine: "RevalidateCachedQuery",
}

// named finds the statement that a Bind or Describe names, and makes sure
// that the server has it. nil means that the message is to be sent as it is.
func (s *Session) named(name []byte) (*statement, *pgerror.Error) {
	t := s.t
	if len(name) == 0 {
		switch {
		case s.unnamed.id == 0:
			// The server conn may hold someone else's unnamed statement.
			t.out = protocol.AppendClose(t.out, "")
			t.queue.push(expect{kind: 'C', do: skip})
			s.conn.Unnamed = 0
		case s.conn.Unnamed != s.unnamed.id:
			t.out = append(t.out, s.unnamed.frame...)
			t.queue.push(expect{kind: 'P', do: skip})
			s.conn.Unnamed = s.unnamed.id
		}
		return nil, nil
	}
	st := s.statements[string(name)]
	if st == nil || st.shared == nil {
		return nil, nil
	}
	return st, s.ensure(st)
}
