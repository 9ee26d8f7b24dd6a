package merge

import (
	"bytes"
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// frameHead is what DataRow and RowDescription begin with: the type, a length
// that counts itself but not the type, and the number of columns.
const frameHead = 7

// fieldTail is what follows a column's name in a RowDescription: table,
// attribute, type, size, modifier and format.
const fieldTail = 18

// Cut takes the last hidden columns off a frame, DataRow or RowDescription,
// by changing its length and number of columns in place. The result is the
// beginning of frame. Only columns that stay are looked at.
func Cut(frame []byte, hidden int) ([]byte, error) {
	columns, err := columnsOf(frame)
	if err != nil {
		return nil, err
	}
	if hidden < 0 || hidden > columns {
		return nil, errColumns(columns, hidden)
	}
	if hidden == 0 {
		return frame, nil
	}
	next := nextColumn
	if frame[0] == 'T' {
		next = nextField
	}
	end := frameHead
	for range columns - hidden {
		if _, end, err = next(frame, end); err != nil {
			return nil, err
		}
	}
	binary.BigEndian.PutUint32(frame[1:], uint32(end-1))
	binary.BigEndian.PutUint16(frame[5:], uint16(columns-hidden))
	return frame[:end], nil
}

// Types returns the type OIDs of the last columns of a RowDescription.
func Types(frame []byte, last int) ([]uint32, error) {
	columns, err := columnsOf(frame)
	if err != nil {
		return nil, err
	}
	if frame[0] != 'T' || last < 0 || last > columns {
		return nil, errColumns(columns, last)
	}
	oids := make([]uint32, 0, last)
	at := frameHead
	for i := range columns {
		var end int
		if _, end, err = nextField(frame, at); err != nil {
			return nil, err
		}
		if i >= columns-last {
			oids = append(oids, binary.BigEndian.Uint32(frame[end-fieldTail+6:]))
		}
		at = end
	}
	return oids, nil
}

// lastColumns puts the values of the last columns of a DataRow into values,
// nil for NULL. They alias row.
func lastColumns(values [][]byte, row []byte) error {
	columns, err := columnsOf(row)
	if err != nil {
		return err
	}
	if row[0] != 'D' || len(values) > columns {
		return errColumns(columns, len(values))
	}
	at := frameHead
	for range columns - len(values) {
		if _, at, err = nextColumn(row, at); err != nil {
			return err
		}
	}
	for i := range values {
		if values[i], at, err = nextColumn(row, at); err != nil {
			return err
		}
	}
	if at != len(row) {
		return errFrame
	}
	return nil
}

func columnsOf(frame []byte) (int, error) {
	if len(frame) < frameHead || frame[0] != 'D' && frame[0] != 'T' ||
		int64(binary.BigEndian.Uint32(frame[1:])) != int64(len(frame)-1) {
		return 0, errFrame
	}
	return int(binary.BigEndian.Uint16(frame[5:])), nil
}

// nextColumn returns the value at an offset of a DataRow, and where it ends.
func nextColumn(row []byte, at int) (value []byte, end int, err error) {
	if len(row)-at < 4 {
		return nil, 0, errFrame
	}
	size := int(int32(binary.BigEndian.Uint32(row[at:])))
	at += 4
	switch {
	case size == -1:
		return nil, at, nil
	case size < 0 || size > len(row)-at:
		return nil, 0, errFrame
	}
	return row[at : at+size : at+size], at + size, nil
}

// nextField is nextColumn for a RowDescription; the value is the name.
func nextField(frame []byte, at int) (name []byte, end int, err error) {
	n := bytes.IndexByte(frame[at:], 0)
	if n < 0 || len(frame)-at-n-1 < fieldTail {
		return nil, 0, errFrame
	}
	return frame[at : at+n], at + n + 1 + fieldTail, nil
}

var errFrame error = pgerror.New(pgerror.ProtocolViolation, "malformed row from a shard")

func errColumns(have, want int) error {
	return pgerror.Newf(pgerror.ProtocolViolation, "row from a shard has %d columns, of which %d should be hidden", have, want)
}
