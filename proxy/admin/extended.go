package admin

import (
	"context"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// maxObjects bounds the statements and the portals of one console session.
const maxObjects = 256

// extended is a session's state in the extended protocol.
type extended struct {
	statements map[string]*plan // an empty statement is a plan without run
	portals    map[string]*portal
	skipping   bool // an error came, Sync did not yet
}

// portal is a bound statement; its rows are there after the first Execute.
type portal struct {
	plan    *plan
	formats []int16
	ran     bool
	answer  answer
	next    int // row to send next
}

func (s *session) parse(m *pgproto3.Parse) error {
	if m.Name != "" && s.statements[m.Name] != nil {
		return pgerror.Newf(pgerror.DuplicatePreparedStatement, "prepared statement %q already exists", shorten(m.Name))
	}
	if len(s.statements) >= maxObjects {
		return pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many prepared statements on the console (%d)", maxObjects)
	}
	statements, wrong := split(m.Query)
	switch {
	case wrong != nil:
		return wrong
	case len(statements) > 1:
		return pgerror.New(pgerror.SyntaxError, "cannot insert multiple commands into a prepared statement")
	case len(statements) == 0:
		s.statements[m.Name] = &plan{}
	default:
		p, err := s.plan(m.Query, statements[0])
		if err != nil {
			return err
		}
		s.statements[m.Name] = p
	}
	s.wire.Send(&pgproto3.ParseComplete{})
	return nil
}

func (s *session) bind(m *pgproto3.Bind) error {
	p := s.statements[m.PreparedStatement]
	if p == nil {
		return unknownStatement(m.PreparedStatement)
	}
	if n := len(m.Parameters); n > 0 {
		return pgerror.Newf(pgerror.ProtocolViolation,
			"bind message supplies %d parameters, but prepared statement %q requires 0", n, shorten(m.PreparedStatement))
	}
	if n := len(m.ResultFormatCodes); n > 1 && n != len(p.columns) {
		return pgerror.Newf(pgerror.ProtocolViolation,
			"bind message has %d result formats but query has %d columns", n, len(p.columns))
	}
	if len(s.portals) >= maxObjects {
		return pgerror.Newf(pgerror.ConfigurationLimitExceeded, "too many portals on the console (%d)", maxObjects)
	}
	s.portals[m.DestinationPortal] = &portal{plan: p, formats: append([]int16(nil), m.ResultFormatCodes...)}
	s.wire.Send(&pgproto3.BindComplete{})
	return nil
}

func (s *session) describe(m *pgproto3.Describe) error {
	if m.ObjectType == 'S' {
		p := s.statements[m.Name]
		if p == nil {
			return unknownStatement(m.Name)
		}
		s.wire.Send(&pgproto3.ParameterDescription{})
		s.describeRows(p, nil)
		return nil
	}
	p := s.portals[m.Name]
	if p == nil {
		return unknownPortal(m.Name)
	}
	s.describeRows(p.plan, p.formats)
	return nil
}

func (s *session) describeRows(p *plan, formats []int16) {
	if p.columns == nil {
		s.wire.Send(&pgproto3.NoData{})
		return
	}
	s.wire.Send(rowDescription(p.columns, formats))
}

func (s *session) execute(ctx context.Context, m *pgproto3.Execute) error {
	p := s.portals[m.Portal]
	if p == nil {
		return unknownPortal(m.Portal)
	}
	if p.plan.run == nil {
		s.wire.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	if !p.ran {
		// The answers so far may be awaited while a verb waits.
		if err := s.wire.Flush(); err != nil {
			return err
		}
		ans, err := s.run(ctx, p.plan)
		if err != nil {
			return err
		}
		p.ran, p.answer = true, ans
	}
	return s.send(p.plan, p, int(min(m.MaxRows, 1<<31-1)))
}

func (s *session) closeObject(m *pgproto3.Close) {
	if m.ObjectType == 'S' {
		delete(s.statements, m.Name)
	} else {
		delete(s.portals, m.Name)
	}
	s.wire.Send(&pgproto3.CloseComplete{})
}

func (s *session) sync() error {
	s.skipping = false
	if s.tx == idle {
		clear(s.portals)
	}
	s.ready()
	return s.wire.Flush()
}

func unknownStatement(name string) *pgerror.Error {
	if name == "" {
		return pgerror.New(pgerror.InvalidSQLStatementName, "unnamed prepared statement does not exist")
	}
	return pgerror.Newf(pgerror.InvalidSQLStatementName, "prepared statement %q does not exist", shorten(name))
}

func unknownPortal(name string) *pgerror.Error {
	return pgerror.Newf(pgerror.InvalidCursorName, "portal %q does not exist", shorten(name))
}
