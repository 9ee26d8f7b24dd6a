package admin

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// flushRows is how many rows are collected before they are sent.
const flushRows = 256

// query answers a simple Query. All statements are read before the first one
// runs, so a mistake in the last one stops the first.
func (s *session) query(ctx context.Context, text string) error {
	delete(s.statements, "")
	delete(s.portals, "")
	err := s.script(ctx, text)
	var wrong *pgerror.Error
	if errors.As(err, &wrong) {
		s.fail(wrong)
	} else if err != nil {
		return err
	}
	s.ready()
	return s.wire.Flush()
}

func (s *session) script(ctx context.Context, text string) error {
	statements, wrong := split(text)
	if wrong != nil {
		return wrong
	}
	if len(statements) == 0 {
		s.wire.Send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	plans := make([]*plan, len(statements))
	for i, tokens := range statements {
		p, err := s.plan(text, tokens)
		if err != nil {
			return err
		}
		plans[i] = p
	}
	for _, p := range plans {
		ans, err := s.run(ctx, p)
		if err != nil {
			return err
		}
		if p.columns != nil {
			s.wire.Send(rowDescription(p.columns, nil))
		}
		if err := s.send(p, &portal{plan: p, answer: ans}, 0); err != nil {
			return err
		}
	}
	return nil
}

// send sends the rows of a portal from where it stands, at most limit of them
// unless that is 0, and how it ended.
func (s *session) send(p *plan, from *portal, limit int) error {
	if n := from.answer.notice; n != nil {
		s.wire.Send(frame{n})
		from.answer.notice = nil
	}
	for sent := 0; from.next < len(from.answer.rows); sent++ {
		if limit > 0 && sent == limit {
			s.wire.Send(&pgproto3.PortalSuspended{})
			return nil
		}
		s.wire.Send(dataRow(p.columns, from.formats, from.answer.rows[from.next]))
		from.next++
		if sent%flushRows == flushRows-1 {
			if err := s.wire.Flush(); err != nil {
				return err
			}
		}
	}
	s.wire.Send(&pgproto3.CommandComplete{CommandTag: []byte(from.answer.tag)})
	return nil
}
