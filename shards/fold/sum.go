package fold

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// What a numeric's sign may be beside 0, which is positive (NUMERIC_NEG and
// those that follow in src/backend/utils/adt/numeric.c).
const (
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPlusInf  = 0xD000
	numericMinusInf = 0xF000

	numericBase      = 10000
	numericHead      = 8
	numericMaxWeight = 0x7FFF // NUMERIC_WEIGHT_MAX
)

// total is an exact sum of numerics: a sum for each digit of base 10000, which
// are carried at the end only (as accum_sum_add of numeric.c does). A digit
// has room for 2^49 numbers.
type total struct {
	digits []int64 // the first is of weight low
	low    int
	scale  int // the most that a number had
	nan    bool
	plus   bool // there was Infinity
	minus  bool
	beyond int // the scale that a server gives Infinity, which means nothing
}

// add adds a numeric in binary, which must be valid, and returns the bytes
// that the total has grown by.
func (t *total) add(v []byte) int {
	n, weight := int(binary.BigEndian.Uint16(v)), int(int16(binary.BigEndian.Uint16(v[2:])))
	scale := int(binary.BigEndian.Uint16(v[6:]))
	sign := int64(1)
	switch binary.BigEndian.Uint16(v[4:]) {
	case numericNaN:
		t.nan = true
		return 0
	case numericPlusInf:
		t.plus, t.beyond = true, scale
		return 0
	case numericMinusInf:
		t.minus, t.beyond = true, scale
		return 0
	case numericNegative:
		sign = -1
	}
	t.scale = max(t.scale, scale)
	if n == 0 {
		return 0
	}
	grown := t.reach(weight-n+1, weight)
	for i := range n {
		t.digits[weight-i-t.low] += sign * int64(binary.BigEndian.Uint16(v[numericHead+2*i:]))
	}
	return grown
}

// addInt adds an integer.
func (t *total) addInt(n int64) {
	t.reach(0, 0)
	t.digits[-t.low] += n % numericBase
	if n /= numericBase; n != 0 {
		t.reach(0, 1)
		t.digits[1-t.low] += n // a digit's sum may be more than a digit
	}
}

// reach makes room for digits of these weights.
func (t *total) reach(low, high int) int {
	if len(t.digits) > 0 && low >= t.low && high < t.low+len(t.digits) {
		return 0
	}
	if len(t.digits) > 0 {
		low, high = min(low, t.low), max(high, t.low+len(t.digits)-1)
	}
	digits := make([]int64, high-low+1)
	if len(t.digits) > 0 {
		copy(digits[t.low-low:], t.digits)
	}
	grown := 8 * (len(digits) - len(t.digits))
	t.digits, t.low = digits, low
	return grown
}

// number is a numeric: digits of base 10000, the first for 10000^weight.
type number struct {
	sign   uint16
	weight int
	scale  int
	digits []int64 // neither at the front nor at the end is a 0
}

// number is the sum. The total must not be used again.
func (t *total) number() (number, error) {
	switch {
	case t.nan || t.plus && t.minus:
		return number{sign: numericNaN}, nil
	case t.plus:
		return number{sign: numericPlusInf, scale: t.beyond}, nil
	case t.minus:
		return number{sign: numericMinusInf, scale: t.beyond}, nil
	}
	out := number{scale: t.scale}
	rest := carry(t.digits)
	if rest < 0 { // the digits are those of a complement, and so is the rest
		out.sign = numericNegative
		for i := range t.digits {
			t.digits[i] = -t.digits[i]
		}
		rest = -rest + carry(t.digits)
	}
	for ; rest > 0; rest /= numericBase {
		t.digits = append(t.digits, rest%numericBase)
	}
	out.digits = make([]int64, 0, len(t.digits))
	for i := len(t.digits) - 1; i >= 0; i-- {
		out.digits = append(out.digits, t.digits[i])
	}
	out.weight = t.low + len(t.digits) - 1
	return out.stripped()
}

// carry makes digits of sums, and returns what is left above the last: less
// than 0 if and only if the whole is.
func carry(digits []int64) (rest int64) {
	for i, d := range digits {
		d += rest
		rest = d / numericBase
		if d %= numericBase; d < 0 {
			d += numericBase
			rest--
		}
		digits[i] = d
	}
	return rest
}

// stripped is make_result of numeric.c: zeros at both ends go, and what is too
// large for the format is an error.
func (n number) stripped() (number, error) {
	for len(n.digits) > 0 && n.digits[0] == 0 {
		n.digits, n.weight = n.digits[1:], n.weight-1
	}
	for len(n.digits) > 0 && n.digits[len(n.digits)-1] == 0 {
		n.digits = n.digits[:len(n.digits)-1]
	}
	if len(n.digits) == 0 {
		n.sign, n.weight = 0, 0
	}
	if n.weight > numericMaxWeight {
		return n, pgerror.New(numericValueOutOfRange, "value overflows numeric format")
	}
	return n, nil
}

// numericValueOutOfRange is a SQLSTATE of src/backend/utils/errcodes.txt.
const numericValueOutOfRange = "22003"

// binary is the number as numeric_send writes it.
func (n number) binary() []byte {
	b := make([]byte, 0, numericHead+2*len(n.digits))
	b = binary.BigEndian.AppendUint16(b, uint16(len(n.digits))) //nolint:gosec // at most 32768 + 4096
	b = binary.BigEndian.AppendUint16(b, uint16(n.weight))      //nolint:gosec // an int16
	b = binary.BigEndian.AppendUint16(b, n.sign)
	b = binary.BigEndian.AppendUint16(b, uint16(n.scale)) //nolint:gosec // at most 16383
	for _, d := range n.digits {
		b = binary.BigEndian.AppendUint16(b, uint16(d)) //nolint:gosec // below 10000
	}
	return b
}
