package fold

import "math/bits"

// Limits of the scale that numeric.c chooses for a quotient.
const (
	minSignificant = 16   // NUMERIC_MIN_SIG_DIGITS
	maxScale       = 1000 // NUMERIC_MAX_DISPLAY_SCALE
	digitsOfBase   = 4    // DEC_DIGITS
)

// dividedBy is n / count as numeric_div has it: count is not 0.
func (n number) dividedBy(count int64) (number, error) {
	if n.sign >= numericNaN {
		return n, nil
	}
	scale := n.quotientScale(count)
	places := (scale + digitsOfBase - 1) / digitsOfBase // digits behind the point
	// One digit more than are kept in front, for a carry, and behind, to round
	// by. What the division leaves after it does not count: half is rounded up.
	top := max(n.weight, 0) + 1
	q := make([]int64, 0, top+places+2)
	rest := uint64(0)
	for w := top; w >= -places-1; w-- {
		var d uint64
		if i := n.weight - w; i >= 0 && i < len(n.digits) {
			d = uint64(n.digits[i]) //nolint:gosec // below 10000
		}
		high, low := bits.Mul64(rest, numericBase)
		low, more := bits.Add64(low, d, 0)
		var digit uint64
		digit, rest = bits.Div64(high+more, low, uint64(count)) //nolint:gosec // positive
		q = append(q, int64(digit))                             //nolint:gosec // below 10000
	}
	return number{sign: n.sign, weight: top, scale: scale, digits: rounded(q, scale)}.stripped()
}

// rounded cuts the last digit off q, and rounds to scale: half goes away from
// zero.
func rounded(q []int64, scale int) []int64 {
	last := len(q) - 2
	up := q[last+1] >= numericBase/2
	step := int64(1)
	if odd := scale % digitsOfBase; odd != 0 {
		for range digitsOfBase - odd {
			step *= 10
		}
		extra := q[last] % step
		q[last] -= extra
		up = extra >= step/2
	}
	q = q[:last+1]
	if !up {
		return q
	}
	q[last] += step
	for i := last; i > 0 && q[i] >= numericBase; i-- {
		q[i] -= numericBase
		q[i-1]++
	}
	return q
}

// quotientScale is select_div_scale of numeric.c: enough digits behind the
// point for 16 that count, judged by the first digits of both.
func (n number) quotientScale(count int64) int {
	weight, first := 0, int64(0)
	if len(n.digits) > 0 {
		weight, first = n.weight, n.digits[0]
	}
	for count >= numericBase {
		count /= numericBase
		weight--
	}
	if first <= count {
		weight--
	}
	return min(max(minSignificant-weight*digitsOfBase, n.scale, 0), maxScale)
}
