package admin

import (
	"context"
	"encoding/binary"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// The states of a transaction, as ReadyForQuery names them.
const (
	idle     byte = 'I'
	inTx     byte = 'T'
	failedTx byte = 'E'
)

// maxMessage bounds a message from a console client; no command needs more.
const maxMessage = 64 << 10

// errClosed ends the loop without an error: the client said good-bye or was
// told why.
var errClosed = errors.New("console session closed")

// session is one console client. One goroutine owns all of it.
type session struct {
	Session
	control Control
	wire    *pgproto3.Backend
	tx      byte
	extended
}

// Serve speaks with one console client from right after AuthenticationOk until
// it leaves, the conn breaks, or ctx ends; it does not close conn. To wake a
// session that waits for its client, the caller ends ctx and sets a read
// deadline in the past; the client is then told 57P01, for which the caller
// grants a write deadline. The error is nil when the client left, with or
// without a good-bye, or was told why it must go.
func (c *Console) Serve(ctx context.Context, conn io.ReadWriter, who Session) error {
	s := newSession(c.control, who)
	s.wire = pgproto3.NewBackend(conn, conn)
	s.wire.SetMaxBodyLen(maxMessage)
	s.greet()
	err := s.wire.Flush()
	for err == nil {
		err = s.step(ctx)
	}
	if errors.Is(err, errClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func newSession(control Control, who Session) *session {
	return &session{Session: who, control: control, tx: idle, extended: extended{
		statements: make(map[string]*plan),
		portals:    make(map[string]*portal),
	}}
}

func (s *session) greet() {
	for _, p := range params {
		if p.reported {
			s.wire.Send(&pgproto3.ParameterStatus{Name: p.name, Value: p.value})
		}
	}
	if len(s.BackendKey) > 4 {
		s.wire.Send(&pgproto3.BackendKeyData{
			ProcessID: binary.BigEndian.Uint32(s.BackendKey),
			SecretKey: s.BackendKey[4:],
		})
	}
	s.ready()
}

// step handles one message.
func (s *session) step(ctx context.Context) error {
	msg, err := s.wire.Receive()
	if err != nil {
		return s.refuse(ctx, err)
	}
	if s.skipping { // after an error in the extended protocol everything up to Sync is dropped
		switch msg.(type) {
		case *pgproto3.Sync, *pgproto3.Terminate:
		default:
			return nil
		}
	}
	switch m := msg.(type) {
	case *pgproto3.Query:
		err = s.query(ctx, m.String)
	case *pgproto3.Parse:
		err = s.parse(m)
	case *pgproto3.Bind:
		err = s.bind(m)
	case *pgproto3.Describe:
		err = s.describe(m)
	case *pgproto3.Execute:
		err = s.execute(ctx, m)
	case *pgproto3.Close:
		s.closeObject(m)
	case *pgproto3.Flush:
		return s.wire.Flush()
	case *pgproto3.Sync:
		return s.sync()
	case *pgproto3.Terminate:
		return errClosed
	case *pgproto3.CopyData, *pgproto3.CopyDone, *pgproto3.CopyFail: // late parts of a COPY are ignored, as PostgreSQL does
	case *pgproto3.FunctionCall:
		s.fail(pgerror.New(pgerror.FeatureNotSupported, "the console has no function calls"))
		s.ready()
		return s.wire.Flush()
	default:
		return s.fatal(pgerror.Fatalf(pgerror.ProtocolViolation, "unexpected message %T", msg))
	}
	var wrong *pgerror.Error
	if !errors.As(err, &wrong) {
		return err
	}
	s.fail(wrong)
	s.skipping = true
	return nil
}

// refuse answers what could not be received: a session that was woken to end,
// a conn that broke, or bytes that are not the protocol.
func (s *session) refuse(ctx context.Context, err error) error {
	var tooLong *pgproto3.ExceededMaxBodyLenErr
	switch {
	case ctx.Err() != nil:
		return s.fatal(pgerror.Fatal(pgerror.AdminShutdown, "terminating connection due to administrator command"))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isConnError(err):
		return err
	case errors.As(err, &tooLong):
		return s.fatal(pgerror.Fatalf(pgerror.ProgramLimitExceeded, "message of %d bytes is too long for the console", tooLong.ActualBodyLen))
	}
	return s.fatal(pgerror.Fatal(pgerror.ProtocolViolation, "invalid message from console client").WithDetail(err.Error()))
}

func isConnError(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) || errors.Is(err, io.ErrClosedPipe)
}

// fatal tells the client why and ends the session.
func (s *session) fatal(e *pgerror.Error) error {
	s.wire.Send(frame{e})
	if err := s.wire.Flush(); err != nil {
		return err
	}
	return errClosed
}

// fail sends an error; an open transaction is then a failed one.
func (s *session) fail(e *pgerror.Error) {
	if s.tx == inTx {
		s.tx = failedTx
	}
	s.wire.Send(frame{e})
}

func (s *session) ready() { s.wire.Send(&pgproto3.ReadyForQuery{TxStatus: s.tx}) }

// run carries a plan out; a cancel request or the end of the session stops one
// that waits.
func (s *session) run(ctx context.Context, p *plan) (answer, error) {
	if s.tx == failedTx && !p.endsTx {
		return answer{}, pgerror.New(pgerror.InFailedSQLTransaction,
			"current transaction is aborted, commands ignored until end of transaction block")
	}
	armed, done := s.Interrupt.arm(ctx)
	ans, err := p.run(armed, s)
	interrupted := armed.Err() != nil
	done()
	var known *pgerror.Error
	switch {
	case err == nil || errors.As(err, &known):
		return ans, err
	case ctx.Err() != nil:
		return ans, s.fatal(pgerror.Fatal(pgerror.AdminShutdown, "terminating connection due to administrator command"))
	case interrupted:
		return ans, pgerror.New(pgerror.QueryCanceled, "canceling statement due to user request")
	}
	return ans, pgerror.New(pgerror.ObjectNotInPrerequisiteStat, err.Error())
}
