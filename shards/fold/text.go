package fold

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
)

// isText reports whether the binary form of a type is its text.
func isText(oid uint32) bool { return oid == oidText || oid == oidVarchar || oid == oidName }

// appendText appends the text of a binary value of another type that Prints.
func appendText(dst []byte, oid uint32, v []byte) []byte {
	switch oid {
	case oidBool:
		if v[0] != 0 {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case oidInt2, oidInt4, oidInt8:
		return strconv.AppendInt(dst, integer(v), 10)
	case oidOID:
		return strconv.AppendUint(dst, uint64(binary.BigEndian.Uint32(v)), 10)
	case oidNumeric:
		return appendNumeric(dst, v)
	case oidUUID:
		for i, group := range [][]byte{v[:4], v[4:6], v[6:8], v[8:10], v[10:]} {
			if i > 0 {
				dst = append(dst, '-')
			}
			dst = hex.AppendEncode(dst, group)
		}
	}
	return dst
}

// integer reads an int2, int4 or int8.
func integer(v []byte) int64 {
	switch len(v) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	}
	return int64(binary.BigEndian.Uint64(v))
}

// appendInteger appends n as a value of an integer type, or of numeric.
func appendInteger(dst []byte, oid uint32, n int64) []byte {
	switch oid {
	case oidInt2:
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	case oidInt4:
		return binary.BigEndian.AppendUint32(dst, uint32(n))
	case oidNumeric:
		var t total
		t.addInt(n)
		v, _ := t.number() // an int8 is never too large
		return append(dst, v.binary()...)
	}
	return binary.BigEndian.AppendUint64(dst, uint64(n))
}

// appendNumeric is numeric_out.
func appendNumeric(dst, v []byte) []byte {
	weight, scale := int(int16(binary.BigEndian.Uint16(v[2:]))), int(binary.BigEndian.Uint16(v[6:]))
	switch binary.BigEndian.Uint16(v[4:]) {
	case numericNaN:
		return append(dst, "NaN"...)
	case numericPlusInf:
		return append(dst, "Infinity"...)
	case numericMinusInf:
		return append(dst, "-Infinity"...)
	case numericNegative:
		dst = append(dst, '-')
	}
	digit := func(w int) int64 {
		if i := numericHead + 2*(weight-w); w <= weight && i < len(v) {
			return int64(binary.BigEndian.Uint16(v[i:]))
		}
		return 0
	}
	if weight < 0 {
		dst = append(dst, '0')
	}
	for w := weight; w >= 0; w-- {
		if w == weight {
			dst = strconv.AppendInt(dst, digit(w), 10)
			continue
		}
		dst = appendFour(dst, digit(w))
	}
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	end := len(dst) + scale
	for w := -1; len(dst) < end; w-- {
		dst = appendFour(dst, digit(w))
	}
	return dst[:end]
}

func appendFour(dst []byte, d int64) []byte {
	return append(dst, byte('0'+d/1000), byte('0'+d/100%10), byte('0'+d/10%10), byte('0'+d%10))
}
