package fold

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// numeric is a numeric in binary, of text as PostgreSQL prints it.
func numeric(text string) []byte {
	n := number{}
	switch text {
	case "NaN":
		n.sign = numericNaN
	case "Infinity":
		n.sign = numericPlusInf
	case "-Infinity":
		n.sign = numericMinusInf
	default:
		if rest, is := strings.CutPrefix(text, "-"); is {
			n.sign, text = numericNegative, rest
		}
		whole, part, _ := strings.Cut(text, ".")
		n.scale = len(part)
		whole = strings.Repeat("0", (4-len(whole)%4)%4) + whole
		part += strings.Repeat("0", (4-len(part)%4)%4)
		n.weight = len(whole)/4 - 1
		for all := whole + part; len(all) > 0; all = all[4:] {
			d := int64(0)
			for _, c := range all[:4] {
				d = 10*d + int64(c-'0')
			}
			n.digits = append(n.digits, d)
		}
		n, _ = n.stripped()
	}
	return n.binary()
}

func textOf(v []byte) string { return string(appendNumeric(nil, v)) }

// decimal makes a number of up to 40 digits at each side of the point, often
// of digits that carry.
func decimal(r *rand.Rand) string {
	digits := func(most int) string {
		b := make([]byte, r.IntN(most+1))
		for i := range b {
			b[i] = "0123456789990"[r.IntN(13)]
		}
		return string(b)
	}
	s := strings.TrimLeft(digits(40), "0")
	if s == "" {
		s = "0"
	}
	if r.IntN(3) > 0 {
		if part := digits(40); part != "" {
			s += "." + part
		}
	}
	if r.IntN(2) == 0 && strings.Trim(s, "0.") != "" {
		s = "-" + s
	}
	return s
}

func TestNumericTextIsReadBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		if s := decimal(r); textOf(numeric(s)) != s {
			t.Fatalf("%s is printed %s", s, textOf(numeric(s)))
		}
	}
}

// TestTotal compares sums with those of exact fractions.
func TestTotal(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 3000 {
		var sum total
		want, scale := new(big.Rat), 0
		for range r.IntN(9) {
			if r.IntN(3) == 0 {
				n := r.Int64() >> r.IntN(64)
				if r.IntN(2) == 0 {
					n = -n
				}
				sum.addInt(n)
				want.Add(want, new(big.Rat).SetInt64(n))
				continue
			}
			s := decimal(r)
			sum.add(numeric(s))
			one, _ := new(big.Rat).SetString(s)
			want.Add(want, one)
			if _, part, ok := strings.Cut(s, "."); ok {
				scale = max(scale, len(part))
			}
		}
		n, err := sum.number()
		if got := textOf(n.binary()); err != nil || got != want.FloatString(scale) {
			t.Fatalf("%s, want %s: %v", got, want.FloatString(scale), err)
		}
	}
}

// TestExtremes of int8 are added without a loss.
func TestExtremes(t *testing.T) {
	var sum total
	for range 3 {
		sum.addInt(math.MinInt64)
	}
	sum.addInt(math.MaxInt64)
	n, err := sum.number()
	if got := textOf(n.binary()); err != nil || got != "-18446744073709551617" {
		t.Error(got, err)
	}
}

func TestSpecialNumbers(t *testing.T) {
	for _, c := range []struct{ sum, want string }{
		{"1 NaN", "NaN"}, {"Infinity 1", "Infinity"}, {"-Infinity 5 -Infinity", "-Infinity"}, {"Infinity -Infinity", "NaN"}, {"Infinity NaN", "NaN"},
		{"1.50 -1.5", "0.00"}, {"0.000 -0", "0.000"}, {"9999.9999 0.0001", "10000.0000"}, {"-0.0001 0.00005", "-0.00005"},
	} {
		var sum total
		for _, s := range strings.Fields(c.sum) {
			sum.add(numeric(s))
		}
		n, err := sum.number()
		if got := textOf(n.binary()); err != nil || got != c.want {
			t.Errorf("%s is %s, want %s: %v", c.sum, got, c.want, err)
		}
	}
}

// TestTooLarge: PostgreSQL has no number of more than 131072 digits.
func TestTooLarge(t *testing.T) {
	most := numeric(strings.Repeat("9", 131072))
	var sum total
	sum.add(most)
	if n, err := sum.number(); err != nil || len(textOf(n.binary())) != 131072 {
		t.Fatal(err)
	}
	sum = total{}
	sum.add(most)
	sum.add(numeric("1"))
	_, err := sum.number()
	if e, ok := err.(*pgerror.Error); !ok || e.Code != "22003" || e.Message != "value overflows numeric format" {
		t.Error(err)
	}
}
