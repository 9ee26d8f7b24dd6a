package copysplit

import (
	"bytes"
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// joinLimit is the longest header of a part. A line of 1664 names of 63
// bytes is a tenth of it.
const joinLimit = 1 << 20

// Joiner makes one COPY TO STDOUT of several parts: the header of one, the
// rows of all, one trailer. The parts' chunks may come in any order if each
// chunk is whole rows, as PostgreSQL's CopyData messages are; else part by
// part. Not safe for concurrent use.
type Joiner struct {
	format Format
	parts  []part
	header []byte // of the part that came first; nil before
	open   int    // the part that is within a row, or -1
}

// part is one leg's COPY TO.
type part struct {
	lines  *lines // of text with a header
	headed bool
	held   []byte // what is not understood yet
	left   int    // bytes of the current binary field to come
	fields int    // of the current binary row to come
	ended  bool   // by a trailer
}

// NewJoiner returns a Joiner of so many parts.
func NewJoiner(f Format, parts int) (*Joiner, error) {
	f, err := f.withDefaults()
	if err != nil {
		return nil, err
	}
	j := &Joiner{format: f, parts: make([]part, parts), open: -1}
	always := true // a column may be named \.
	for i := range j.parts {
		j.parts[i].lines = newLines(f, &always)
		j.parts[i].headed = !f.Binary && !f.Header
	}
	return j, nil
}

// Write takes the next bytes of a part and returns those that the client
// gets, valid until the next call; they may alias chunk.
func (j *Joiner) Write(part int, chunk []byte) ([]byte, error) {
	p := &j.parts[part]
	if j.open >= 0 && j.open != part {
		return nil, pgerror.Newf(pgerror.InternalError, "part %d of a COPY came within a row of part %d", part, j.open)
	}
	b := chunk
	if len(p.held) > 0 {
		p.held = append(p.held, chunk...)
		b = p.held
	}
	head, used, err := j.readHead(p, b)
	if err != nil {
		return nil, err
	}
	if !p.headed {
		return nil, nil
	}
	body, err := j.readBody(part, b[used:])
	if err != nil || len(head) == 0 {
		return body, err
	}
	return append(head[:len(head):len(head)], body...), nil
}

// readHead returns the header where it is to be sent, and how many bytes of b
// it took.
func (j *Joiner) readHead(p *part, b []byte) (send []byte, used int, err error) {
	if p.headed {
		return nil, 0, nil
	}
	size, err := j.headSize(p, b)
	if err != nil {
		return nil, 0, err
	}
	if size == 0 || size > len(b) {
		if max(size, len(b)) > joinLimit {
			return nil, 0, errTooLong(joinLimit)
		}
		p.hold(b)
		return nil, 0, nil
	}
	p.headed = true
	switch {
	case j.header == nil:
		j.header = bytes.Clone(b[:size])
		return j.header, size, nil
	case !bytes.Equal(j.header, b[:size]):
		return nil, 0, bad("shards answer COPY TO with different headers")
	}
	return nil, size, nil
}

func (j *Joiner) headSize(p *part, b []byte) (int, error) {
	if j.format.Binary {
		return headerSize(b)
	}
	found, err := p.lines.row(b, false)
	return found.size, err
}

// readBody returns the rows in b.
func (j *Joiner) readBody(part int, b []byte) ([]byte, error) {
	p := &j.parts[part]
	if !j.format.Binary {
		p.held = nil
		if len(b) > 0 {
			j.within(part, b[len(b)-1] != '\n')
		}
		return b, nil
	}
	n, err := p.walk(b)
	if err != nil {
		return nil, err
	}
	rest := b[n:]
	if p.ended {
		rest = nil
	}
	p.hold(rest)
	j.within(part, p.left > 0 || p.fields > 0 || len(p.held) > 0)
	return b[:n], nil
}

func (j *Joiner) within(part int, aRow bool) {
	j.open = -1
	if aRow {
		j.open = part
	}
}

// hold keeps a beginning that only the next chunk explains. b may alias held.
func (p *part) hold(b []byte) {
	if len(b) == 0 {
		p.held = nil
		return
	}
	p.held = bytes.Clone(b)
}

// walk goes over binary rows, up to the trailer or to a number of which not
// all bytes are there.
func (p *part) walk(b []byte) (n int, err error) {
	for {
		step := min(p.left, len(b)-n)
		n += step
		p.left -= step
		switch {
		case p.left > 0:
			return n, nil
		case p.ended:
			if n < len(b) {
				return n, bad("received copy data after EOF marker")
			}
			return n, nil
		case p.fields == 0:
			if len(b)-n < 2 {
				return n, nil
			}
			if p.fields = int(int16(binary.BigEndian.Uint16(b[n:]))); p.fields == -1 {
				p.fields, p.ended = 0, true
				if n+trailerSize < len(b) {
					return n, bad("received copy data after EOF marker")
				}
				return n, nil
			}
			if p.fields < 0 {
				return n, bad("row field count is %d", p.fields)
			}
			n += 2
		default:
			size, ok, err := fieldSize(b, n)
			if err != nil || !ok {
				return n, err
			}
			p.left = max(size, 0)
			p.fields--
			n += 4
		}
	}
}

// End says that a part is over. One that breaks off is an error.
func (j *Joiner) End(part int) error {
	p := &j.parts[part]
	if !p.headed || j.open == part || j.format.Binary && !p.ended {
		return errTruncated
	}
	return nil
}

// Trailer returns what the client gets after the last part.
func (j *Joiner) Trailer() []byte {
	if j.format.Binary {
		return []byte{0xff, 0xff}
	}
	return nil
}
