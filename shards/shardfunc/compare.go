package shardfunc

import (
	"cmp"
	"encoding/binary"
	"strings"
)

// Compare orders two values of one family, neither of them NULL: as PostgreSQL
// does, but for texts, which are compared by their bytes, as collation "C"
// does.
func Compare(a, b Value) int {
	switch a.typ {
	case Int8, Date, Timestamp, Timestamptz:
		return cmp.Compare(a.n, b.n)
	case Numeric:
		return compareNumerics(a, b)
	}
	return strings.Compare(a.s, b.s)
}

func compareNumerics(a, b Value) int {
	if ra, rb := rank(a), rank(b); ra != rb || !a.isFinite() {
		return cmp.Compare(ra, rb)
	}
	c := cmp.Or(cmp.Compare(a.n, b.n), compareDigits(a.s, b.s))
	if a.form == negative {
		return -c
	}
	return c
}

// rank orders the forms of numerics: NaN is above all.
func rank(v Value) int {
	switch {
	case v.form == minusInf:
		return -2
	case v.form == negative:
		return -1
	case v.form == plusInf:
		return 2
	case v.form == nan:
		return 3
	case v.s == "":
		return 0
	}
	return 1
}

func compareDigits(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i += 2 {
		x := binary.LittleEndian.Uint16([]byte(a[i : i+2]))
		y := binary.LittleEndian.Uint16([]byte(b[i : i+2]))
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(len(a), len(b))
}
