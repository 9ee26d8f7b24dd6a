package session

import (
	"bytes"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// gangPortal is what a Bind has made of a statement.
type gangPortal struct {
	order *order
	rows  *heldRows // of a portal that was not read to its end
}

// gangTake takes one message of a batch that the gang serves.
func (s *Session) gangTake(typ byte, frame []byte) error {
	t := s.t
	s.tally.Received += int64(len(frame))
	if t.skipping && typ != 'S' && typ != 'X' {
		return nil
	}
	body := frame[protocol.HeaderLen:]
	var err error
	switch typ {
	case 'P':
		err = s.gangParse(frame, body)
	case 'B':
		err = s.gangBind(body)
	case 'D':
		err = s.gangDescribe(body)
	case 'E':
		err = s.gangExecute(body)
	case 'C':
		s.gangClose(body)
	case 'H':
		if t.edited != nil && t.edited.W > 0 {
			return s.sendEdited()
		}
		return nil
	case 'S':
		return s.gangSync()
	case 'X':
		return errTerminate
	case 'Q', 'F':
		return s.reject(errMixed, 'Q')
	}
	if err == nil {
		return s.emit()
	}
	if err := s.answerGang(err); err != nil {
		return err
	}
	t.skipping, t.gangFailed = true, true
	return s.sendEdited()
}

// gangSync ends the batch.
func (s *Session) gangSync() error {
	t := s.t
	t.skipping = false
	if s.shards.gang.implicit {
		var failed error
		if t.gangFailed {
			failed = errRolledBack
		}
		if err := s.endImplicit(failed); err != nil && err != errRolledBack {
			if err := s.answerGang(err); err != nil {
				return err
			}
		}
	}
	if !s.shards.gang.open {
		s.shards.portals = nil
	}
	s.edited(protocol.AppendReady(s.edit(), s.idleStatus))
	return s.gangDone(t.executed)
}

// errRolledBack: the batch's transaction has failed, and the client knows.
var errRolledBack = errClient{pgerror.New("40000", "rolled back")}

func (s *Session) gangParse(frame, body []byte) error {
	p, ok := s.parseAhead(body)
	if !ok || len(p.oids) < 2 {
		return errClient{pgerror.New(pgerror.ProtocolViolation, "invalid Parse message")}
	}
	s.tally.ClientParses++
	if refusal := ownRefusal(p.read, p.sql, true); refusal != nil {
		return errClient{refusal}
	}
	if len(p.name) == 0 {
		s.rememberUnnamed(frame, p.read)
	} else {
		if s.statements[string(p.name)] != nil {
			return errClient{pgerror.Newf(pgerror.DuplicatePreparedStatement, "prepared statement %q already exists", p.name)}
		}
		if len(s.statements) >= maxStatements {
			return errClient{pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many prepared statements (limit %d)", maxStatements)}
		}
		s.statement(string(p.name), &statement{name: string(p.name), read: p.read, planning: s.planning, shared: s.env.Statements.Find(p.sql, p.oids, s.planning)})
	}
	s.edited(protocol.AppendFrame(s.edit(), '1'))
	return nil
}

// namesIts reports whether what a statement means is in what it names, which
// the session keeps or knows the place of.
func namesIts(read *sqlparse.Statement) bool { return byName[read.Kind()] && read.Parsed() }

var byName = map[sqlparse.Kind]bool{sqlparse.KindFetch: true, sqlparse.KindClose: true, sqlparse.KindPrepare: true, sqlparse.KindExecute: true}

// gangStatement is the client's statement of that name, as an order.
func (s *Session) gangStatement(name []byte) (*order, error) {
	p, ok := s.statementAhead(nil, name)
	if !ok {
		if len(name) == 0 {
			return nil, errClient{pgerror.New(pgerror.InvalidSQLStatementName, "unnamed prepared statement does not exist")}
		}
		return nil, errClient{pgerror.Newf(pgerror.InvalidSQLStatementName, "prepared statement %q does not exist", name)}
	}
	o := &order{read: p.read, sql: string(p.sql), oids: bytes.Clone(p.oids)}
	if !anywhere[p.read.Kind()] && !namesIts(p.read) {
		s.analyzeOrder(o)
	}
	return o, nil
}

func (s *Session) gangBind(body []byte) error {
	portal, rest, ok1 := protocol.CString(body)
	name, args, ok2 := protocol.CString(rest)
	if !ok1 || !ok2 {
		return errClient{pgerror.New(pgerror.ProtocolViolation, "invalid Bind message")}
	}
	s.tally.Binds++
	o, err := s.gangStatement(name)
	if err != nil {
		return err
	}
	args = bytes.Clone(args) // the order outlives the client's message
	o.args, ok1 = planArgs(nil, args, o.oids)
	o.formats, ok2 = resultFormats(args)
	if !ok1 || !ok2 {
		return errClient{pgerror.New(pgerror.ProtocolViolation, "invalid Bind message")}
	}
	if s.shards.gang.failed && o.read.Kind() != sqlparse.KindRollback && o.read.Kind() != sqlparse.KindCommit && o.read.Kind() != sqlparse.KindRollbackTo {
		return errClient{errFailedTx}
	}
	if s.shards.portals == nil {
		s.shards.portals = map[string]*gangPortal{}
	}
	if len(portal) > 0 && s.shards.portals[string(portal)] != nil {
		return errClient{pgerror.Newf(pgerror.DuplicateCursor, "cursor %q already exists", portal)}
	}
	if len(s.shards.portals) >= maxStatements {
		return errClient{pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many portals (limit %d)", maxStatements)}
	}
	s.shards.portals[string(portal)] = &gangPortal{order: o}
	s.edited(protocol.AppendFrame(s.edit(), '2'))
	return nil
}

func (s *Session) gangExecute(body []byte) error {
	name, rest, ok := protocol.CString(body)
	if !ok || len(rest) != 4 {
		return errClient{pgerror.New(pgerror.ProtocolViolation, "invalid Execute message")}
	}
	p := s.shards.portals[string(name)]
	if p == nil {
		return errClient{pgerror.Newf(pgerror.InvalidCursorName, "portal %q does not exist", name)}
	}
	most := int(int32(uint32(rest[0])<<24 | uint32(rest[1])<<16 | uint32(rest[2])<<8 | uint32(rest[3])))
	s.t.executed++
	g := &s.shards.gang
	if !g.inTx() && s.t.executes != 1 && (p.order.analysis != nil || p.order.read.Kind() == sqlparse.KindExecute) {
		g.implicit = true // all that the batch does is one transaction
	}
	return s.runPortal(p, most)
}

func (s *Session) gangClose(body []byte) {
	if len(body) >= 2 && body[len(body)-1] == 0 {
		name := string(body[1 : len(body)-1])
		switch {
		case body[0] == 'P':
			delete(s.shards.portals, name)
		case name == "":
			s.forgetUnnamed()
		default:
			s.dropStatement(name)
		}
	}
	s.edited(protocol.AppendFrame(s.edit(), '3'))
}
