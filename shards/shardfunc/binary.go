package shardfunc

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
)

// FromBinary is the value that PostgreSQL reads from a parameter of type t in
// binary format. ErrUnknown is what a server would refuse.
func FromBinary(t Type, b []byte) (Value, error) {
	v := Value{typ: widest(t), form: plain}
	switch {
	case t == Int2 && len(b) == 2:
		v.n = int64(int16(binary.BigEndian.Uint16(b)))
	case t == Int4 && len(b) == 4:
		v.n = int64(int32(binary.BigEndian.Uint32(b)))
	case t == Int8 && len(b) == 8:
		v.n = int64(binary.BigEndian.Uint64(b))
	case t.IsText():
		return text(t, string(b))
	case t == UUID && len(b) == 16, t == Bytea:
		v.s = string(b)
	case t == Date && len(b) == 4:
		v.n = int64(int32(binary.BigEndian.Uint32(b)))
		if v.n != math.MaxInt32 && v.n != math.MinInt32 && (v.n < minDays || v.n >= endDays) {
			return Value{}, ErrUnknown
		}
	case (t == Timestamp || t == Timestamptz) && len(b) == 8:
		v.n = int64(binary.BigEndian.Uint64(b))
		if !inTime(v.n) && v.n != math.MaxInt64 && v.n != math.MinInt64 {
			return Value{}, ErrUnknown
		}
	case t == Numeric:
		return numericFromBinary(b)
	default:
		return Value{}, ErrUnknown
	}
	return v, nil
}

func inTime(micros int64) bool { return micros >= minMicros && micros < endMicros }

// numericFromBinary reads the format of numeric_send: the number of digits, the
// weight, the sign, the digits after the point, and the digits to base 10000.
func numericFromBinary(b []byte) (Value, error) {
	if len(b) < 8 {
		return Value{}, ErrUnknown
	}
	count := int(binary.BigEndian.Uint16(b))
	weight := int(int16(binary.BigEndian.Uint16(b[2:])))
	sign, scale := binary.BigEndian.Uint16(b[4:]), int(binary.BigEndian.Uint16(b[6:]))
	b = b[8:]
	if len(b) != 2*count || count > maxNumericText/4 || scale > 0x3FFF {
		return Value{}, ErrUnknown
	}
	switch sign { // NUMERIC_NAN and so on
	case 0xC000:
		return Value{typ: Numeric, form: nan}, nil
	case 0xD000:
		return Value{typ: Numeric, form: plusInf}, nil
	case 0xF000:
		return Value{typ: Numeric, form: minusInf}, nil
	case 0, 0x4000:
	default:
		return Value{}, ErrUnknown
	}
	digits, ok := decimalDigits(b)
	if !ok {
		return Value{}, ErrUnknown
	}
	d := decimal{sign == 0x4000, digits, (weight + 1) * 4}
	// PostgreSQL cuts digits off that the scale hides.
	if keep := max(0, d.point+scale); keep < len(d.digits) {
		d.digits = d.digits[:keep]
	}
	return d.trim().value(), nil
}

func decimalDigits(b []byte) (string, bool) {
	var s strings.Builder
	for i := 0; i < len(b); i += 2 {
		g := int(binary.BigEndian.Uint16(b[i:]))
		if g > 9999 {
			return "", false
		}
		t := strconv.Itoa(g)
		s.WriteString("0000"[len(t):] + t)
	}
	return s.String(), true
}
