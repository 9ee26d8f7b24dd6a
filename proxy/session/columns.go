package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol"
)

// columnCount is how many columns a RowDescription has.
func columnCount(columns []byte) int {
	if len(columns) < 2 {
		return 0
	}
	return int(binary.BigEndian.Uint16(columns))
}

// columnTypes are the types of a RowDescription's columns.
func columnTypes(columns []byte) []uint32 {
	n := columnCount(columns)
	types := make([]uint32, 0, n)
	for b := columns[min(2, len(columns)):]; len(types) < n; {
		_, rest, ok := protocol.CString(b)
		if !ok || len(rest) < 18 {
			return types
		}
		types = append(types, binary.BigEndian.Uint32(rest[6:]))
		b = rest[18:]
	}
	return types
}

// withFormats is a RowDescription with the formats that a Bind asks for: a
// description of a statement has none yet.
func withFormats(columns, formats []byte) []byte {
	if len(formats) == 0 {
		return columns
	}
	out := append([]byte(nil), columns...)
	n := columnCount(columns)
	for b, i := out[min(2, len(out)):], 0; i < n; i++ {
		_, rest, ok := protocol.CString(b)
		if !ok || len(rest) < 18 {
			return out
		}
		binary.BigEndian.PutUint16(rest[16:], formatOf(formats, i))
		b = rest[18:]
	}
	return out
}

// legFormats asks for the client's formats in the columns it sees, and for
// binary in the hidden ones.
func legFormats(formats []byte, visible, hidden int) []byte {
	if hidden == 0 {
		return formats
	}
	var out []byte
	for i := range visible {
		out = binary.BigEndian.AppendUint16(out, formatOf(formats, i))
	}
	for range hidden {
		out = append(out, 0, 1)
	}
	return out
}

// allBinary asks for every column in binary.
var allBinary = []byte{0, 1}
