package difftest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// Session is one client's connection. It keeps no state between steps but the
// server's.
type Session interface {
	Do(s Step, w Wire) Answer
	Close()
}

// patience is how long one step may take on a busy machine.
const patience = 20 * time.Second

// wire is a Session on a connection, below any driver.
type wire struct {
	conn  net.Conn
	front *pgproto3.Frontend
}

// dial connects and logs in; pgconn knows how.
func dial(ctx context.Context, url string) (*wire, error) {
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	h, err := c.Hijack()
	if err != nil {
		return nil, err
	}
	return &wire{h.Conn, h.Frontend}, nil
}

// Close says goodbye.
func (w *wire) Close() {
	_ = w.conn.SetDeadline(time.Now().Add(time.Second))
	w.front.Send(&pgproto3.Terminate{})
	_ = w.front.Flush()
	_ = w.conn.Close()
}

// Do runs a step and reads up to ReadyForQuery.
func (w *wire) Do(s Step, how Wire) Answer {
	_ = w.conn.SetDeadline(time.Now().Add(patience))
	x := exchange{wire: w, step: s, how: how}
	if err := x.run(); err != nil {
		x.answer.Lost = err
	}
	return x.answer
}

// exchange is one step under way.
type exchange struct {
	*wire
	step   Step
	how    Wire
	answer Answer
	result Result
	copied []byte
	binary bool // what is copied
	synced bool // Sync, or the Query, is sent
}

func (x *exchange) run() error {
	if err := x.begin(); err != nil {
		return err
	}
	for {
		if err := x.front.Flush(); err != nil {
			return err
		}
		m, err := x.front.Receive()
		if err != nil {
			return err
		}
		if done, err := x.take(m); done || err != nil {
			return err
		}
	}
}

// begin sends all that can be sent before an answer is needed, as drivers do.
func (x *exchange) begin() error {
	if x.how == Simple {
		x.synced = true
		x.front.Send(&pgproto3.Query{String: x.step.inlined()})
		return nil
	}
	bind := pgproto3.Bind{ResultFormatCodes: []int16{0}}
	if x.how == Binary {
		bind.ResultFormatCodes[0] = 1
	}
	parse := pgproto3.Parse{Query: x.step.SQL}
	for _, a := range x.step.Args {
		b, format, err := a.bytes(bind.ResultFormatCodes[0])
		if err != nil {
			return err
		}
		parse.ParameterOIDs = append(parse.ParameterOIDs, a.OID)
		bind.Parameters = append(bind.Parameters, b)
		bind.ParameterFormatCodes = append(bind.ParameterFormatCodes, format)
	}
	x.front.Send(&parse)
	x.front.Send(&pgproto3.Describe{ObjectType: 'S'})
	x.front.Send(&bind)
	x.front.Send(&pgproto3.Describe{ObjectType: 'P'})
	x.execute()
	if x.how != Portal && x.step.Copy == "" {
		x.sync()
	}
	return nil
}

func (x *exchange) execute() {
	limit := uint32(0)
	if x.how == Portal {
		limit = portalRows
	}
	x.front.Send(&pgproto3.Execute{MaxRows: limit})
	if x.how == Portal || x.step.Copy != "" {
		x.front.Send(&pgproto3.Flush{})
	}
}

func (x *exchange) sync() {
	if !x.synced {
		x.synced = true
		x.front.Send(&pgproto3.Sync{})
	}
}

// take notes a message; done is at ReadyForQuery.
func (x *exchange) take(m pgproto3.BackendMessage) (done bool, err error) {
	switch m := m.(type) {
	case *pgproto3.ParameterDescription:
		for _, oid := range m.ParameterOIDs {
			x.answer.Params = append(x.answer.Params, stable(oid))
		}
	case *pgproto3.RowDescription:
		x.result.Columns = columns(m)
	case *pgproto3.DataRow:
		x.result.Rows = append(x.result.Rows, packRow(m.Values))
	case *pgproto3.CommandComplete:
		x.result.Tag = string(m.CommandTag)
		return false, x.finish()
	case *pgproto3.EmptyQueryResponse:
		x.result.Tag = "(empty)"
		return false, x.finish()
	case *pgproto3.PortalSuspended:
		x.result.Suspended++
		x.execute()
	case *pgproto3.ErrorResponse:
		x.answer.Err = &Failure{m.Code, m.Message, m.Detail, m.Hint}
		x.result = Result{}
		x.sync()
	case *pgproto3.CopyInResponse:
		for chunk := range slices.Chunk([]byte(x.step.Copy), x.how.copyChunk()) {
			x.front.Send(&pgproto3.CopyData{Data: chunk})
		}
		x.front.Send(&pgproto3.CopyDone{})
		x.sync()
	case *pgproto3.CopyOutResponse:
		x.binary = m.OverallFormat == 1
	case *pgproto3.CopyData:
		x.copied = append(x.copied, m.Data...)
	case *pgproto3.ReadyForQuery:
		x.answer.Tx = m.TxStatus
		return true, nil
	case *pgproto3.ParseComplete, *pgproto3.BindComplete, *pgproto3.NoData, *pgproto3.CopyDone,
		*pgproto3.NoticeResponse, *pgproto3.ParameterStatus, *pgproto3.NotificationResponse:
	default:
		return false, fmt.Errorf("unexpected message %T", m)
	}
	return false, nil
}

func (x *exchange) finish() error {
	if x.copied != nil {
		rows, err := splitCopy(x.copied, x.binary)
		if err != nil {
			return err
		}
		x.result.Rows = rows
	}
	x.answer.Results = append(x.answer.Results, x.result)
	x.result, x.copied = Result{}, nil
	x.sync()
	return nil
}

func columns(m *pgproto3.RowDescription) []Column {
	all := make([]Column, len(m.Fields))
	for i, f := range m.Fields {
		all[i] = Column{string(f.Name), stable(f.DataTypeOID), f.DataTypeSize, f.TypeModifier, f.Format}
	}
	return all
}

var errShort = errors.New("binary COPY data ends early")
