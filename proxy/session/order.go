package session

import (
	"errors"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// order is one statement that the gang is to run: a simple Query, or what a
// portal runs.
type order struct {
	read     *sqlparse.Statement
	sql      string
	analysis Analysis
	recoded  bool   // the analysis is for another encoding than UTF-8
	oids     []byte // parameter types as in the client's Parse; nil: none
	args     []plan.Arg
	formats  []byte    // of the result's columns, 2 bytes each, as in the client's Bind
	again    bool      // the text has come before
	describe bool      // the client is to see the columns before the rows
	simple   bool      // it came as a simple Query
	copy     *copyRows // its rows are the data of a COPY
}

// errClient carries an error for the client through functions that may also
// fail for good.
type errClient struct{ refusal *pgerror.Error }

func (e errClient) Error() string { return e.refusal.Error() }

// asRefusal tells an error for the client, after which the session goes on,
// from the client's own end.
func asRefusal(err error) (*pgerror.Error, bool) {
	var own errClient
	if errors.As(err, &own) {
		return own.refusal, true
	}
	var e *pgerror.Error
	if errors.As(err, &e) && !e.IsFatal() {
		return e, true
	}
	return nil, false
}

// direct runs the statement unchanged on one shard, and passes its answer on.
func (s *Session) directOrder(o *order, k int, to func(k int) *Reader) error {
	l := plan.Leg{Shards: shards.One(k), SQL: o.sql}
	list, err := s.launch(&l, s.ownRequest(o), to)
	return s.follow(list, err, true, func() error { return s.passOn(o, list[0]) })
}

// ownRequest is the client's statement as it is, with its own arguments.
func (s *Session) ownRequest(o *order) []byte {
	if o.simple && o.oids == nil || o.read.Kind() == sqlparse.KindCopy {
		return protocol.AppendQuery(nil, o.sql)
	}
	oids := o.oids
	if oids == nil {
		oids = []byte{0, 0}
	}
	b := protocol.AppendParse(nil, "", o.sql, oids)
	b = protocol.AppendBind(b, wireArgs(o.args), o.formats)
	b = protocol.AppendFrame(b, 'D', 'P', 0)
	b = protocol.AppendFrame(b, 'E', 0, 0, 0, 0, 0)
	return protocol.AppendFrame(b, 'S')
}

// passOn relays one stream: columns, rows, tag.
func (s *Session) passOn(o *order, m *member) error {
	st := m.stream
	goes, err := st.Described()
	if err != nil {
		return errClient{s.memberError(m, err)}
	}
	if goes && st.CopyOut != nil {
		return s.passCopy(m)
	}
	if goes {
		s.emitColumns(o, st.Columns)
	}
	for goes {
		row, err := st.Next()
		if err != nil {
			return errClient{s.memberError(m, err)}
		}
		if row == nil {
			break
		}
		if err := s.emitRow(row); err != nil {
			return err
		}
	}
	if st.Refusal != nil {
		return errClient{st.Refusal}
	}
	if st.CopyBegins {
		return s.copyDirect(m)
	}
	if st.Empty {
		s.edited(protocol.AppendFrame(s.edit(), 'I'))
		return nil
	}
	s.emitTag(st.Tag)
	return nil
}
