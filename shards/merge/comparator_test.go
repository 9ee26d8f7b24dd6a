package merge

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// Numerics with zeros at both ends, which PostgreSQL does not send, compare
// as exact fractions do.
func TestNumericsCompareAsFractions(t *testing.T) {
	fraction := func(v []byte) *big.Rat {
		sum, base := new(big.Rat), big.NewRat(numericBase, 1)
		for d := v[numericHead:]; len(d) > 0; d = d[2:] {
			sum.Add(sum.Mul(sum, base), big.NewRat(int64(binary.BigEndian.Uint16(d)), 1))
		}
		shift := int(int16(binary.BigEndian.Uint16(v[2:]))) - (len(v)-numericHead)/2 + 1
		for ; shift > 0; shift-- {
			sum.Mul(sum, base)
		}
		for ; shift < 0; shift++ {
			sum.Quo(sum, base)
		}
		if numericSign(v) == numericNegative {
			sum.Neg(sum)
		}
		return sum
	}
	r := rand.New(rand.NewPCG(9, 9))
	finite := func() []byte {
		for {
			if v := randomNumeric(r); numericSign(v) < numericNaN {
				return v
			}
		}
	}
	for range 20000 {
		a, b := finite(), finite()
		if got, want := sign(compareNumeric(a, b)), fraction(a).Cmp(fraction(b)); got != want {
			t.Fatalf("% x against % x is %d, want %d", a, b, got, want)
		}
	}
}

// An order that is not an order would make the tree answer by chance.
func FuzzComparators(f *testing.F) {
	for oid, g := range map[uint32][3][]byte{
		oidNumeric: {numericOf(0, 0, 1, 1, 1000), numericOf(1, 0, 3, 0, 1, 1000, 0), numericOf(0, numericNegative, 0, 1)},
		oidFloat8:  {{0x7f, 0xf8, 0, 0, 0, 0, 0, 0}, {0xff, 0xf8, 0, 0, 0, 0, 0, 1}, {0x80, 0, 0, 0, 0, 0, 0, 0}},
		oidFloat4:  {{0x7f, 0xc0, 0, 0}, {0x7f, 0x80, 0, 0}, {0, 0, 0, 0}},
		oidBpchar:  {[]byte("a "), []byte("a"), []byte(" a")},
		oidInt2:    {{0x80, 0}, {0x7f, 0xff}, {}},
		oidBool:    {{0}, {1}, {2}},
	} {
		f.Add(oid, g[0], g[1], g[2])
	}
	f.Fuzz(func(t *testing.T, oid uint32, a, b, c []byte) {
		by, ok := ComparatorOf(oid, true)
		if !ok {
			return
		}
		values := slices.DeleteFunc([][]byte{a, b, c}, func(v []byte) bool { return !by.Valid(v) })
		for _, x := range values {
			if by.Compare(x, x) != 0 {
				t.Errorf("type %d: % x is not its own peer", oid, x)
			}
			for _, y := range values {
				if sign(by.Compare(x, y)) != -sign(by.Compare(y, x)) {
					t.Errorf("type %d: % x and % x are before one another", oid, x, y)
				}
				for _, z := range values {
					if by.Compare(x, y) <= 0 && by.Compare(y, z) <= 0 && by.Compare(x, z) > 0 {
						t.Errorf("type %d: % x, % x, % x go in a circle", oid, x, y, z)
					}
				}
			}
		}
	})
}

func TestValidRefuses(t *testing.T) {
	good := numericOf(0, 0, 0, 1, 2)
	for name, v := range map[string][]byte{
		"nothing":                {},
		"half a head":            good[:7],
		"a digit too few":        good[:len(good)-2],
		"half a digit":           good[:len(good)-1],
		"a digit of base 10001":  numericOf(0, 0, 0, 10000),
		"an unknown sign":        numericOf(0, 0x8000, 0, 1),
		"NaN with digits":        numericOf(0, numericNaN, 0, 1),
		"a huge number of them":  numericOf(0, 0, 0)[:8:8],
		"a negative digit count": append([]byte{0xff, 0xff}, good[2:]...),
	} {
		if name == "a huge number of them" {
			v[0] = 0x7f
		}
		if by, _ := ComparatorOf(oidNumeric, false); by.Valid(v) {
			t.Errorf("numeric of %s is valid", name)
		}
	}
	for oid, size := range map[uint32]int{oidBool: 1, oidInt2: 2, oidInt4: 4, oidInt8: 8, oidDate: 4, oidUUID: 16, oidFloat4: 4, oidFloat8: 8} {
		by, _ := ComparatorOf(oid, false)
		for n := range 20 {
			if by.Valid(make([]byte, n)) != (n == size) {
				t.Errorf("type %d: %d bytes valid: %v", oid, n, n != size)
			}
		}
	}
}
