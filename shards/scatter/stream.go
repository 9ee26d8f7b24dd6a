package scatter

import (
	"errors"
	"fmt"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Conn is a server conn that is ready, and is used by nobody else while a
// Stream reads from it.
type Conn interface {
	Send(out []byte) error
	Recv(b *protocol.Buffer) error
}

// Stream is one server's answer to one request that ends in Sync, or to a
// simple Query with one statement. It is used by one goroutine.
type Stream struct {
	// Columns is the body of the RowDescription, if the request asked for
	// one; Parameters that of the ParameterDescription.
	Columns, Parameters []byte
	// Tag is that of the last CommandComplete: it is there when Next has
	// returned nil.
	Tag string
	// Refusal is the server's error; the conn is in step all the same.
	Refusal *pgerror.Error
	// Status is the transaction status, once the answer is finished.
	Status byte
	// CopyBegins: the server waits for copy data.
	CopyBegins bool
	// CopyIn is the body of that request.
	CopyIn []byte
	// CopyOut is the body of the CopyOutResponse of a COPY TO.
	CopyOut []byte
	// Empty: the statement was empty, and has no tag.
	Empty bool

	conn  Conn
	buf   *protocol.Buffer
	see   func(typ byte, frame []byte)
	taken int  // bytes of buf that the last Next gave out
	ended bool // CommandComplete, or an error
	ready bool
	limit int
}

// maxMessage bounds what a message other than a row may be, in bytes.
const maxMessage = 16 << 20

// Open sends request and returns the stream of its answer, of which nothing
// has been read. see is called with whole frames of the messages that belong
// to no statement: notices, notifications, parameters. maxRow bounds one row,
// in bytes. The caller must call Close in the end.
func Open(conn Conn, request []byte, maxRow int, see func(typ byte, frame []byte)) (*Stream, error) {
	s := &Stream{conn: conn, see: see, limit: maxRow}
	if err := conn.Send(request); err != nil {
		return s, err
	}
	return s, nil
}

// Close gives back the buffer.
func (s *Stream) Close() {
	if s.buf != nil {
		s.buf.Release()
		s.buf = nil
	}
}

// ErrRowTooLong is returned for a row above the limit: the rest of it is not
// read, and the conn is out of step.
var ErrRowTooLong = errors.New("a row is too long to be put together with others")

// Next returns the next DataRow, a whole frame, or nil when there are no more
// or the server has refused the statement. It is valid until the next call. An
// error means that the conn is not in step any more.
func (s *Stream) Next() ([]byte, error) {
	for {
		typ, frame, err := s.frame()
		if err != nil || frame == nil {
			return nil, err
		}
		if typ == 'D' {
			return frame, nil
		}
		if done, err := s.take(typ, frame); done || err != nil {
			return nil, err
		}
	}
}

// Described reads up to where rows may begin: the columns are known then, or
// the server's refusal is. It reports whether the statement goes on.
func (s *Stream) Described() (bool, error) {
	for s.Columns == nil && !s.ended && !s.ready && !s.CopyBegins && s.CopyOut == nil {
		typ, frame, err := s.peek()
		if err != nil {
			return false, err
		}
		if typ == 'D' {
			return true, nil // nobody asked for a description
		}
		s.taken = len(frame)
		if _, err := s.take(typ, frame); err != nil {
			return false, err
		}
	}
	return s.Refusal == nil, nil
}

// Another forgets the columns, for a request that asks for two descriptions:
// Described reads up to the second then.
func (s *Stream) Another() { s.Columns = nil }

// Finish reads the rest of the answer, up to ReadyForQuery, and drops it.
func (s *Stream) Finish() error {
	for !s.ready {
		typ, frame, err := s.peek()
		if err != nil {
			return err
		}
		s.taken = len(frame)
		if typ == 'D' || typ == 'd' {
			continue
		}
		if _, err := s.take(typ, frame); err != nil {
			return err
		}
	}
	s.drop()
	return nil
}

// Finished reports whether the answer has been read to its end.
func (s *Stream) Finished() bool { return s.ready }

// Ended reports whether no row can come any more: what is left of the answer
// is on its way.
func (s *Stream) Ended() bool { return s.ended || s.ready }

// frame is peek, and takes the frame; nil when no further rows can come.
func (s *Stream) frame() (byte, []byte, error) {
	if s.ended || s.ready || s.CopyBegins {
		return 0, nil, nil
	}
	typ, frame, err := s.peek()
	s.taken = len(frame)
	return typ, frame, err
}

// drop consumes what was given out.
func (s *Stream) drop() {
	if s.taken > 0 {
		s.buf.Consume(s.taken)
		s.taken = 0
	}
}

// peek waits until the next frame is whole.
func (s *Stream) peek() (byte, []byte, error) {
	s.drop()
	if s.buf == nil {
		s.buf = protocol.NewAnswerBuffer()
	}
	for {
		b := s.buf.Unread()
		typ, total, ok, err := protocol.Peek(b)
		switch {
		case err != nil:
			return 0, nil, err
		case ok && typ == 'D' && s.limit > 0 && total > s.limit:
			return 0, nil, ErrRowTooLong
		case ok && typ != 'D' && typ != 'd' && total > maxMessage:
			return 0, nil, fmt.Errorf("message %q of %d bytes in a scattered answer", typ, total)
		case ok && len(b) >= total:
			return typ, b[:total], nil
		}
		if len(b) == len(s.buf.B) {
			s.buf.Grow(min(total, 2*len(b))) // as the bytes come, not as they are announced
		}
		if err := s.conn.Recv(s.buf); err != nil {
			return 0, nil, err
		}
	}
}

// take handles a message that is no row. done: no row follows.
func (s *Stream) take(typ byte, frame []byte) (done bool, err error) {
	body := frame[protocol.HeaderLen:]
	switch typ {
	case 'T':
		s.Columns = append(make([]byte, 0, len(body)), body...)
	case 't':
		s.Parameters = append(make([]byte, 0, len(body)), body...)
	case 'n':
		s.Columns = []byte{0, 0}
	case '1', '2', '3':
	case 'C':
		tag, _, _ := protocol.CString(body)
		s.Tag, s.ended = string(tag), true
		return true, nil
	case 'I', 's':
		s.ended, s.Empty = true, typ == 'I'
		return true, nil
	case 'G':
		s.CopyBegins, s.CopyIn = true, append(make([]byte, 0, len(body)), body...)
		return true, nil
	case 'H':
		s.CopyOut = append(make([]byte, 0, len(body)), body...)
		return false, nil
	case 'd', 'c':
		return false, nil // whoever wants copy data reads it by Copied
	case 'E':
		e := pgerror.Parse(body)
		if e.IsFatal() {
			return false, &Fatal{e}
		}
		s.Refusal, s.ended = e, true
		return true, nil
	case 'Z':
		if len(body) != 1 {
			return false, errors.New("malformed ReadyForQuery")
		}
		s.Status, s.ready = body[0], true
		return true, nil
	case 'N', 'S', 'A':
		s.see(typ, frame)
	default:
		return false, fmt.Errorf("unexpected message %q in a scattered answer", typ)
	}
	return false, nil
}

// Copied returns the next CopyData of a COPY TO, without its header; nil when
// the copy is over or was refused. It is valid until the next call.
func (s *Stream) Copied() ([]byte, error) {
	for {
		typ, frame, err := s.frame()
		if err != nil || frame == nil {
			return nil, err
		}
		if typ == 'd' {
			return frame[protocol.HeaderLen:], nil
		}
		if done, err := s.take(typ, frame); done || err != nil {
			return nil, err
		}
	}
}

// Fatal is the last word of a server that closes the connection.
type Fatal struct{ Err *pgerror.Error }

func (f *Fatal) Error() string { return "server ended the session: " + f.Err.Error() }
