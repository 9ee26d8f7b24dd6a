package shardfunc

import (
	"strconv"
	"strings"
)

// What is read of a numeric here; PostgreSQL's limits are wider, and a server
// is asked beyond ours.
const (
	maxNumericText = 4096
	maxExponent    = 1000
)

// decimal is a finite number: 0.digits times ten to the power of point. Digits
// neither begin nor end with '0'; there are none in zero.
type decimal struct {
	neg    bool
	digits string
	point  int
}

func (d decimal) trim() decimal {
	short := strings.TrimLeft(d.digits, "0")
	d.point -= len(d.digits) - len(short)
	d.digits = strings.TrimRight(short, "0")
	if d.digits == "" {
		return decimal{}
	}
	return d
}

// readNumeric reads what every version of PostgreSQL does.
func readNumeric(s string) (Value, error) {
	if len(s) > maxNumericText {
		return Value{}, ErrUnknown
	}
	s = trimBlanks(s)
	switch strings.ToLower(s) {
	case "nan":
		return Value{typ: Numeric, form: nan}, nil
	case "infinity", "+infinity", "inf", "+inf":
		return Value{typ: Numeric, form: plusInf}, nil
	case "-infinity", "-inf":
		return Value{typ: Numeric, form: minusInf}, nil
	}
	d, ok := readDecimal(s)
	if !ok {
		return Value{}, ErrUnknown
	}
	return d.value(), nil
}

// readDecimal reads a sign, digits with a point among them, and an exponent.
func readDecimal(s string) (d decimal, ok bool) {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		d.neg, s = s[0] == '-', s[1:]
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if d.point, ok = readExponent(s[i+1:]); !ok {
			return d, false
		}
		s = s[:i]
	}
	before, after, _ := strings.Cut(s, ".")
	d.digits = before + after
	if d.digits == "" {
		return d, false
	}
	for i := range len(d.digits) {
		if !isDigit(d.digits[i]) {
			return d, false
		}
	}
	d.point += len(before)
	return d.trim(), true
}

func readExponent(s string) (int, bool) {
	digits := s
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	if digits == "" || len(digits) > 4 || !isDigit(digits[0]) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= -maxExponent && n <= maxExponent
}

// value packs d into digits to base 10000, as PostgreSQL stores and hashes them.
func (d decimal) value() Value {
	v := Value{typ: Numeric, form: plain}
	if d.digits == "" {
		return v
	}
	if d.neg {
		v.form = negative
	}
	groups := ceil4(d.point)
	v.n = int64(groups) - 1
	all := strings.Repeat("0", groups*4-d.point) + d.digits
	all += strings.Repeat("0", ceil4(len(all))*4-len(all))
	b := make([]byte, 0, len(all)/2)
	for i := 0; i < len(all); i += 4 {
		g, _ := number(all[i : i+4])
		b = append(b, byte(g), byte(g>>8))
	}
	v.s = string(b)
	return v
}

// ceil4 is n/4, rounded up, also below 0.
func ceil4(n int) int { return (n + 3) >> 2 }

// decimal unpacks a finite numeric.
func (v Value) decimal() decimal {
	var b strings.Builder
	for i := 0; i < len(v.s); i += 2 {
		g := strconv.Itoa(int(v.s[i]) | int(v.s[i+1])<<8)
		b.WriteString("0000"[len(g):] + g)
	}
	return decimal{v.form == negative, b.String(), int(v.n+1) * 4}.trim()
}

// round rounds to so many digits after the point, halves away from zero, as
// PostgreSQL rounds numerics. The scale may be negative.
func (d decimal) round(scale int) decimal {
	keep := d.point + scale
	switch {
	case keep >= len(d.digits):
		return d
	case keep < 0:
		return decimal{}
	}
	up := d.digits[keep] >= '5'
	d.digits = d.digits[:keep]
	if up {
		d = d.next()
	}
	return d.trim()
}

// next adds one to the last digit.
func (d decimal) next() decimal {
	b := []byte("0" + d.digits)
	i := len(b) - 1
	for b[i] == '9' {
		b[i] = '0'
		i--
	}
	b[i]++
	d.digits, d.point = string(b), d.point+1
	return d
}

// int64 is d as an integer, if it is one.
func (d decimal) int64() (int64, bool) {
	if d.digits == "" {
		return 0, true
	}
	if d.point < len(d.digits) || d.point > 19 {
		return 0, false
	}
	s := d.digits + strings.Repeat("0", d.point-len(d.digits))
	if d.neg {
		s = "-" + s
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

func (v Value) isFinite() bool { return v.form == plain || v.form == negative }

func numericOfInt(n int64) Value {
	d, _ := readDecimal(strconv.FormatInt(n, 10))
	return d.value()
}

func numericText(v Value) string {
	switch v.form {
	case nan:
		return "NaN"
	case plusInf:
		return "Infinity"
	case minusInf:
		return "-Infinity"
	}
	d := v.decimal()
	sign := ""
	if d.neg {
		sign = "-"
	}
	switch {
	case d.digits == "":
		return "0"
	case d.point <= 0:
		return sign + "0." + strings.Repeat("0", -d.point) + d.digits
	case d.point >= len(d.digits):
		return sign + d.digits + strings.Repeat("0", d.point-len(d.digits))
	}
	return sign + d.digits[:d.point] + "." + d.digits[d.point:]
}
