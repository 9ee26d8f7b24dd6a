package copysplit

import "encoding/binary"

// The header of a binary COPY: a signature, flags, and the length of an
// extension, which follows ("Binary Format" of COPY in PostgreSQL's manual).
const (
	signature   = "PGCOPY\n\377\r\n\000"
	binaryHead  = len(signature) + 8
	hasOIDs     = 1 << 16      // flag of servers before 12
	mustKnow    = 0xffff << 16 // flags that a reader may not ignore
	trailerSize = 2
)

// tuples finds the ends of rows in binary.
type tuples struct {
	columns int
	fields  *fields
	limit   *int

	// Of the row that is being looked at:
	pos    int // where the next field's length is; 0 at the row's begin
	column int
	at     []span // of the key columns
}

// span is a value's place in its row; size -1 is NULL.
type span struct{ at, size int }

func (t *tuples) head(b []byte, final bool) (piece, error) {
	size, err := headerSize(b)
	switch {
	case err != nil:
		return piece{}, err
	case size > *t.limit:
		return piece{}, errTooLong(*t.limit)
	case size > 0 && size <= len(b):
		return piece{whole, size, size}, nil
	case final:
		return piece{}, errSignature
	}
	return piece{}, nil
}

var errSignature = bad("COPY file signature not recognized")

// headerSize is 0 while the length of the extension has not come.
func headerSize(b []byte) (int, error) {
	if n := min(len(b), len(signature)); string(b[:n]) != signature[:n] {
		return 0, errSignature
	}
	if len(b) < binaryHead {
		return 0, nil
	}
	flags := binary.BigEndian.Uint32(b[len(signature):])
	switch {
	case flags&hasOIDs != 0:
		return 0, bad("invalid COPY file header (WITH OIDS)")
	case flags&mustKnow != 0:
		return 0, bad("unrecognized critical flags in COPY file header")
	}
	extension := int32(binary.BigEndian.Uint32(b[len(signature)+4:]))
	if extension < 0 {
		return 0, bad("invalid COPY file header (missing length)")
	}
	return binaryHead + int(extension), nil
}

func (t *tuples) row(b []byte, final bool) (piece, error) {
	if t.pos == 0 {
		if p, done, err := t.begin(b, final); done || err != nil {
			return p, err
		}
	}
	for t.column < t.columns {
		size, ok, err := fieldSize(b, t.pos)
		if err != nil {
			return piece{}, err
		}
		if size > *t.limit {
			return piece{}, errTooLong(*t.limit)
		}
		end := t.pos + 4 + max(size, 0)
		if !ok || end > len(b) {
			if final {
				return piece{}, errTruncated
			}
			return piece{}, nil
		}
		if t.column < len(t.fields.slot) {
			if slot := t.fields.slot[t.column]; slot >= 0 {
				t.at[slot] = span{t.pos + 4, size}
			}
		}
		t.pos = end
		t.column++
	}
	t.setKey(b)
	p := piece{whole, t.pos, t.pos}
	t.pos = 0
	return p, nil
}

// begin reads the number of fields, or the trailer; done is false if a row
// goes on. Like PostgreSQL it does without a trailer.
func (t *tuples) begin(b []byte, final bool) (p piece, done bool, err error) {
	switch {
	case final && len(b) == 0:
		return piece{kind: last}, true, nil
	case final && len(b) < 2:
		return piece{}, true, errTruncated
	case len(b) < 2:
		return piece{}, true, nil
	}
	switch n := int(int16(binary.BigEndian.Uint16(b))); {
	case n == -1:
		return piece{kind: last, size: trailerSize}, true, nil
	case n != t.columns:
		return piece{}, true, bad("row field count is %d, expected %d", n, t.columns)
	}
	t.pos, t.column = 2, 0
	if t.at == nil {
		t.at = make([]span, len(t.fields.key))
	}
	return piece{}, false, nil
}

// fieldSize reads a field's length, -1 for NULL; not ok if it has not come.
func fieldSize(b []byte, at int) (size int, ok bool, err error) {
	if len(b)-at < 4 {
		return 0, false, nil
	}
	size = int(int32(binary.BigEndian.Uint32(b[at:])))
	if size < -1 {
		return 0, false, bad("invalid field size")
	}
	return size, true, nil
}

func (t *tuples) setKey(b []byte) {
	for i, s := range t.at {
		t.fields.key[i] = nil
		if s.size >= 0 {
			t.fields.key[i] = b[s.at : s.at+s.size : s.at+s.size]
		}
	}
}
