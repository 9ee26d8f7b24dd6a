package admin

import (
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// frame sends a pgerror.Error as the ErrorResponse or NoticeResponse that it
// is, in the bytes that all of wye uses.
type frame struct{ *pgerror.Error }

// Backend marks the message's direction.
func (frame) Backend() {}

// Decode is never called: a server does not receive errors.
func (frame) Decode([]byte) error { return errors.New("an error frame is only sent") }

// Encode appends the whole frame.
func (f frame) Encode(dst []byte) ([]byte, error) {
	if f.Severity == pgerror.SeverityNotice {
		return f.AppendNotice(dst), nil
	}
	return f.AppendFrame(dst), nil
}

// width is pg_type.typlen.
func width(t stats.Type) int16 {
	switch t {
	case stats.Int4:
		return 4
	case stats.Int8:
		return 8
	case boolean:
		return 1
	}
	return -1
}

// format is that of a column: one code counts for all, none means text.
func format(formats []int16, column int) int16 {
	switch len(formats) {
	case 0:
		return pgproto3.TextFormat
	case 1:
		return formats[0]
	}
	return formats[column]
}

func rowDescription(columns []stats.Column, formats []int16) *pgproto3.RowDescription {
	d := &pgproto3.RowDescription{Fields: make([]pgproto3.FieldDescription, len(columns))}
	for i, c := range columns {
		d.Fields[i] = pgproto3.FieldDescription{
			Name:         []byte(c.Name),
			DataTypeOID:  uint32(c.Type),
			DataTypeSize: width(c.Type),
			TypeModifier: -1,
			Format:       format(formats, i),
		}
	}
	return d
}

func dataRow(columns []stats.Column, formats []int16, cells []stats.Cell) *pgproto3.DataRow {
	row := &pgproto3.DataRow{Values: make([][]byte, len(cells))}
	for i, c := range cells {
		switch {
		case c.Null:
		case format(formats, i) == pgproto3.BinaryFormat:
			row.Values[i] = binaryValue(columns[i].Type, c.Text)
		default:
			row.Values[i] = []byte(c.Text)
		}
	}
	return row
}

// binaryValue is the send function of the column's type (int4send, int8send,
// boolsend, numeric_send, textsend): drivers that ask for binary results do
// not look at what they got.
func binaryValue(t stats.Type, text string) []byte {
	n, _ := strconv.ParseInt(text, 10, 64)
	switch t {
	case stats.Int4:
		return binary.BigEndian.AppendUint32(nil, uint32(n))
	case stats.Int8:
		return binary.BigEndian.AppendUint64(nil, uint64(n))
	case stats.Numeric:
		return binaryNumeric(n)
	case boolean:
		if text == "t" {
			return []byte{1}
		}
		return []byte{0}
	}
	return []byte(text)
}

// binaryNumeric writes an integer as PostgreSQL's numeric: digits of base
// 10 000 after their number, the weight of the first one, the sign and the
// display scale.
func binaryNumeric(n int64) []byte {
	sign, magnitude := uint16(0), uint64(n)
	if n < 0 {
		sign, magnitude = 0x4000, -magnitude // NUMERIC_NEG
	}
	var digits []uint16
	for ; magnitude > 0; magnitude /= 10000 {
		digits = append(digits, uint16(magnitude%10000))
	}
	out := binary.BigEndian.AppendUint16(nil, uint16(len(digits)))
	out = binary.BigEndian.AppendUint16(out, uint16(max(0, len(digits)-1)))
	out = binary.BigEndian.AppendUint16(out, sign)
	out = binary.BigEndian.AppendUint16(out, 0)
	for i := len(digits) - 1; i >= 0; i-- {
		out = binary.BigEndian.AppendUint16(out, digits[i])
	}
	return out
}
