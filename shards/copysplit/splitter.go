package copysplit

import (
	"fmt"
	"io"
	"slices"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// DefaultLimit is the longest row in bytes: PostgreSQL's own buffer for a
// line holds less than 1 GiB (MaxAllocSize in src/include/utils/memutils.h).
const DefaultLimit = 1<<30 - 1

// Splitter cuts the bytes of one COPY FROM STDIN into rows. Limit and
// DotIsRow may be set before the first Next. Not safe for concurrent use.
type Splitter struct {
	// Limit is the longest row, and the longest header, in bytes.
	Limit int
	// DotIsRow is how PostgreSQL 18 and later read a line \. in csv: as data.
	// Before, it ends them.
	DotIsRow bool

	format Format
	frames framing
	fields fields
	header []byte
	headed bool
	count  int64 // rows returned

	// in is what has not been returned. It aliases the caller's chunk, or
	// held if a row began in an earlier one; carried says that it is the
	// whole of held, so that the next chunk can be appended.
	in      []byte
	held    []byte
	carried bool

	closed bool
	ended  bool // by a marker or a trailer
	err    error
}

// framing knows where rows of a format end.
type framing interface {
	// head measures what stands before the first row.
	head(b []byte, final bool) (piece, error)
	// row measures the row at the start of b. After a result that is not
	// whole, b must be the same bytes and more; what was looked at is not
	// looked at again. final says that nothing follows b, and that the result
	// must not be partial.
	row(b []byte, final bool) (piece, error)
}

// piece is what was found at the start of the bytes.
type piece struct {
	kind kind
	size int // in bytes
	body int // size without the line end
}

type kind uint8

const (
	partial kind = iota
	whole
	last // no row but the end: a marker, a trailer, or no byte more
)

// New returns a Splitter for rows of so many columns. The values of
// keyColumns, from 0, are what Next returns as the key, in this order.
func New(f Format, keyColumns []int, columns int) (*Splitter, error) {
	f, err := f.withDefaults()
	if err != nil {
		return nil, err
	}
	for i, c := range keyColumns {
		if c < 0 || c >= columns || slices.Contains(keyColumns[:i], c) {
			return nil, pgerror.Newf(pgerror.InternalError, "key columns %v of a COPY of %d columns", keyColumns, columns)
		}
	}
	s := &Splitter{Limit: DefaultLimit, format: f, fields: newFields(f, keyColumns)}
	if f.Binary {
		s.frames = &tuples{columns: columns, fields: &s.fields, limit: &s.Limit}
	} else {
		s.frames = newLines(f, &s.DotIsRow)
	}
	return s, nil
}

// Write gives the next bytes, cut anywhere. They must stay as they are until
// Next has returned ErrMore. Bytes after a text or csv end marker are dropped,
// as PostgreSQL drops them.
func (s *Splitter) Write(chunk []byte) {
	switch {
	case s.err != nil || s.ended && !s.format.Binary:
	case len(s.in) == 0:
		s.in, s.carried = chunk, false
	default:
		s.carry()
		s.held = append(s.held, chunk...)
		s.in = s.held
	}
}

// Close says that no bytes follow. Rows may still come from Next, then
// io.EOF.
func (s *Splitter) Close() { s.closed = true }

// Next returns a row, its bytes as they came including the line end, and the
// values of the key columns: the text without its escapes or quotes, or the
// binary value; nil for NULL. Both are valid until the next call of any
// method. ErrMore asks for bytes, io.EOF is the end after Close, and anything
// else is an error in the data, which stays.
func (s *Splitter) Next() (row []byte, key [][]byte, err error) {
	row, key, err = s.next()
	switch {
	case err == ErrMore:
		s.carry()
	case err != nil && err != io.EOF:
		s.err = err
		s.in, s.held = nil, nil
	}
	return row, key, err
}

func (s *Splitter) next() (row []byte, key [][]byte, err error) {
	if s.err != nil {
		return nil, nil, s.err
	}
	if !s.headed {
		if err := s.readHeader(); err != nil {
			return nil, nil, err
		}
	}
	if s.ended {
		return nil, nil, s.afterEnd()
	}
	p, err := s.measure(s.frames.row)
	if err != nil {
		return nil, nil, s.at(err)
	}
	row = s.take(p)
	if p.kind == last {
		s.ended = true
		return nil, nil, s.afterEnd()
	}
	if key, err = s.fields.find(row[:p.body]); err != nil {
		return nil, nil, s.at(err)
	}
	s.count++
	return row, key, nil
}

// readHeader keeps a copy of the header, which each shard is sent.
func (s *Splitter) readHeader() error {
	if s.format.Binary || s.format.Header {
		p, err := s.measure(s.frames.head)
		if err != nil {
			return err
		}
		b := s.take(p)
		if p.kind == last {
			s.ended = true
		} else {
			s.header = slices.Clone(b)
		}
	}
	s.headed = true
	return nil
}

// measure looks for a piece, in no more than Limit bytes, so that the result
// does not depend on how much more has come already.
func (s *Splitter) measure(by func([]byte, bool) (piece, error)) (piece, error) {
	b := s.in[:min(len(s.in), s.Limit)]
	p, err := by(b, s.closed && len(b) == len(s.in))
	switch {
	case err != nil:
		return p, err
	case p.kind != partial:
		return p, nil
	case len(b) < len(s.in):
		return p, errTooLong(s.Limit)
	}
	return p, ErrMore
}

func (s *Splitter) take(p piece) []byte {
	b := s.in[:p.size:p.size]
	s.in = s.in[p.size:]
	if p.size > 0 {
		s.carried = false
	}
	return b
}

// afterEnd is what Next says after the last row.
func (s *Splitter) afterEnd() error {
	if s.format.Binary && len(s.in) > 0 {
		return bad("received copy data after EOF marker")
	}
	s.in = nil
	if s.closed {
		return io.EOF
	}
	return ErrMore
}

// shrinkAbove is a size of held that is not kept for a small rest.
const shrinkAbove = 1 << 20

// carry moves what is left into held, once per row that spans chunks: what is
// there already stays, or a long row would be moved with each chunk.
func (s *Splitter) carry() {
	if s.carried || len(s.in) == 0 {
		return
	}
	if cap(s.held) > shrinkAbove && len(s.in) < shrinkAbove/2 {
		s.held = nil
	}
	s.held = append(s.held[:0], s.in...)
	s.in, s.carried = s.held, true
}

// at adds to an error where it was found.
func (s *Splitter) at(err error) error {
	if e, ok := err.(*pgerror.Error); ok {
		return e.WithDetail(fmt.Sprintf("This is row %d of the data.", s.count+1))
	}
	return err
}

// Header returns the bytes before the first row, which every shard must get
// before rows: a header line, or that of a binary COPY. It is nil until it
// has come whole, which it has when Next returns a row or io.EOF.
func (s *Splitter) Header() []byte { return s.header }

// Trailer returns what every shard must get after its rows.
func (s *Splitter) Trailer() []byte {
	if s.format.Binary {
		return []byte{0xff, 0xff}
	}
	return nil
}
