package session

import (
	"bytes"
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// SQL's PREPARE, EXECUTE and DEALLOCATE on a sharded cluster. The statements are
// kept with those that the protocol prepares, as PostgreSQL keeps them; each
// EXECUTE is planned with its values as a Bind is. Types and values are for a
// server to say: it is asked under a name of wye's own, that nothing is left of.

// ownStatement is that name. No client's statement has it on a server.
const ownStatement = connpool.NamePrefix + "sql"

// preparable are the kinds of statements that PREPARE takes.
var preparable = map[sqlparse.Kind]bool{
	sqlparse.KindSelect: true, sqlparse.KindInsert: true, sqlparse.KindUpdate: true, sqlparse.KindDelete: true, sqlparse.KindMerge: true,
}

// prepareOrder runs PREPARE.
func (s *Session) prepareOrder(o *order) error {
	name := o.read.Parts[0].Name
	tail, query, ok := sqlparse.PrepareText([]byte(o.sql))
	if !ok {
		return errClient{errPrepareText}
	}
	read := s.read(query)
	switch {
	case s.statements[name] != nil:
		return errClient{pgerror.Newf(pgerror.DuplicatePreparedStatement, "prepared statement %q already exists", name)}
	case len(s.statements) >= maxStatements:
		return errClient{pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many prepared statements (limit %d)", maxStatements)}
	case !preparable[read.Kind()] || !read.Plain():
		return errClient{errPrepareEffects}
	}
	d, err := s.describePrepare(tail, name)
	if err != nil {
		return err
	}
	oids := bytes.Clone(d.Parameters)
	for i := 2; i+4 <= len(oids); i += 4 {
		if binary.BigEndian.Uint32(oids[i:]) >= firstNormalOID {
			clear(oids[i : i+4]) // each server has a number of its own for it
		}
	}
	s.statement(name, &statement{name: name, read: read, planning: s.planning, shared: s.env.Statements.Find(query, oids, s.planning), prepared: d})
	s.emitTag("PREPARE")
	return nil
}

var (
	errPrepareText = pgerror.New(pgerror.FeatureNotSupported, "PREPARE and EXECUTE of a name that is written with Unicode escapes are not supported on a sharded cluster").
			WithHint("Write the name in plain letters.")
	errPrepareEffects = pgerror.New(pgerror.FeatureNotSupported, "PREPARE of a statement that acts on the session is not supported on a sharded cluster").
				WithHint("Use the protocol's own prepared statements, or run it as it is.")
)

// describePrepare has the lead shard prepare the statement, and say what its
// parameters and columns are.
func (s *Session) describePrepare(tail []byte, name string) (*Description, error) {
	m, refusal := s.member(0, nil)
	if refusal != nil {
		return nil, errClient{refusal}
	}
	b := protocol.AppendExecuteOnce(nil, append([]byte("PREPARE "+ownStatement), tail...))
	b = protocol.AppendDescribe(b, ownStatement)
	b = protocol.AppendClose(b, ownStatement)
	st, err := s.askWhole(m, b)
	switch {
	case err != nil:
		return nil, err
	case st.Refusal != nil:
		return nil, errClient{s.ownError(m, st.Refusal, name)}
	}
	return &Description{Parameters: st.Parameters, Columns: st.Columns}, nil
}

// ownError sees to it that nothing of wye's own is left on the server after an
// error, and puts the client's name into it.
func (s *Session) ownError(m *member, e *pgerror.Error, name string) *pgerror.Error {
	if _, err := m.conn.Ask(protocol.AppendFrame(protocol.AppendClose(nil, ownStatement), 'S'), nil); err != nil {
		return s.memberError(m, err)
	}
	told := *e
	told.Message = string(bytes.ReplaceAll([]byte(e.Message), []byte(`"`+ownStatement+`"`), []byte(`"`+name+`"`)))
	told.Position = 0 // of another text
	return &told
}

// preparedNamed is the client's statement that SQL names.
func (s *Session) preparedNamed(name string) (*statement, error) {
	st := s.statements[name]
	switch {
	case st == nil:
		return nil, errClient{pgerror.Newf(pgerror.InvalidSQLStatementName, "prepared statement %q does not exist", name)}
	case st.shared == nil:
		return nil, errClient{pgerror.Newf(pgerror.FeatureNotSupported, "prepared statement %q is one server's", name).
			WithHint("Deallocate it, and prepare it again.")}
	}
	return st, nil
}

// deallocateOrder runs DEALLOCATE.
func (s *Session) deallocateOrder(o *order) error {
	name := o.read.Parts[0].Name
	if name == "" {
		s.dropStatements()
		s.emitTag("DEALLOCATE ALL")
		return nil
	}
	if s.statements[name] == nil {
		return errClient{pgerror.Newf(pgerror.InvalidSQLStatementName, "prepared statement %q does not exist", name)}
	}
	s.dropStatement(name)
	s.emitTag("DEALLOCATE")
	return nil
}
