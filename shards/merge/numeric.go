package merge

import (
	"cmp"
	"encoding/binary"
)

// A numeric on the wire is four 16-bit words and then digits of base 10000
// (numeric_send in src/backend/utils/adt/numeric.c).
const (
	numericHead = 8 // number of digits, weight of the first, sign, display scale

	numericPositive = 0x0000
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPlusInf  = 0xD000 // infinities exist since PostgreSQL 14
	numericMinusInf = 0xF000

	numericBase = 10000
)

func validNumeric(v []byte) bool {
	if len(v) < numericHead {
		return false
	}
	n := int(binary.BigEndian.Uint16(v))
	if len(v) != numericHead+2*n {
		return false
	}
	switch numericSign(v) {
	case numericPositive, numericNegative:
	case numericNaN, numericPlusInf, numericMinusInf:
		return n == 0
	default:
		return false
	}
	for d := v[numericHead:]; len(d) > 0; d = d[2:] {
		if binary.BigEndian.Uint16(d) >= numericBase {
			return false
		}
	}
	return true
}

func numericSign(v []byte) uint16 { return binary.BigEndian.Uint16(v[4:]) }

// compareNumeric compares values, not what they print: the display scale does
// not count, nor do zeros at either end.
func compareNumeric(a, b []byte) int {
	x, y := magnitudeOf(a), magnitudeOf(b)
	class := numericClass(a, x)
	if c := cmp.Compare(class, numericClass(b, y)); c != 0 {
		return c
	}
	switch class {
	case classNegative:
		return compareMagnitude(y, x)
	case classPositive:
		return compareMagnitude(x, y)
	}
	return 0
}

// Classes of numbers, in their order.
const (
	classMinusInf = iota
	classNegative
	classZero
	classPositive
	classPlusInf
	classNaN
)

func numericClass(v []byte, m magnitude) int {
	sign := numericSign(v)
	switch {
	case sign == numericNaN:
		return classNaN
	case sign == numericPlusInf:
		return classPlusInf
	case sign == numericMinusInf:
		return classMinusInf
	case len(m.digits) == 0:
		return classZero
	case sign == numericNegative:
		return classNegative
	}
	return classPositive
}

// magnitude is an absolute value: its first digit is not 0 and stands for
// digit * 10000^weight.
type magnitude struct {
	weight int
	digits []byte
}

func magnitudeOf(v []byte) magnitude {
	m := magnitude{int(int16(binary.BigEndian.Uint16(v[2:]))), v[numericHead:]}
	for len(m.digits) > 0 && binary.BigEndian.Uint16(m.digits) == 0 {
		m.digits = m.digits[2:]
		m.weight--
	}
	return m
}

func compareMagnitude(x, y magnitude) int {
	if c := cmp.Compare(x.weight, y.weight); c != 0 {
		return c
	}
	n := min(len(x.digits), len(y.digits))
	for i := 0; i < n; i += 2 {
		if c := cmp.Compare(binary.BigEndian.Uint16(x.digits[i:]), binary.BigEndian.Uint16(y.digits[i:])); c != 0 {
			return c
		}
	}
	switch {
	case !allZero(x.digits[n:]):
		return 1
	case !allZero(y.digits[n:]):
		return -1
	}
	return 0
}

func allZero(digits []byte) bool {
	for _, b := range digits {
		if b != 0 {
			return false
		}
	}
	return true
}
