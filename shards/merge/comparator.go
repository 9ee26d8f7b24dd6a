package merge

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
)

// Comparator is the order of the binary values of one type, which is
// PostgreSQL's default ascending order of it (its btree operator class).
type Comparator struct {
	valid   func(v []byte) bool
	compare func(a, b []byte) int
}

// Valid reports whether v is the binary form of a value, as far as comparing
// needs it.
func (c Comparator) Valid(v []byte) bool { return c.valid(v) }

// Compare is negative if a sorts before b, positive if after, 0 if they are
// peers, which does not mean that they print alike (numeric 1.0 and 1.00).
// Both must be Valid.
func (c Comparator) Compare(a, b []byte) int { return c.compare(a, b) }

// Type OIDs, from src/include/catalog/pg_type.dat.
const (
	oidBool        = 16
	oidBytea       = 17
	oidChar        = 18 // the type "char", one byte
	oidName        = 19
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidOID         = 26
	oidFloat4      = 700
	oidFloat8      = 701
	oidBpchar      = 1042
	oidVarchar     = 1043
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidNumeric     = 1700
	oidUUID        = 2950
)

// comparators are the types whose order does not depend on a collation.
// Dates and times are integers on the wire, and their infinities are the
// least and the greatest. Not here, and why: interval, whose equal values
// print differently; enums, which sort by their place and travel as labels;
// money, which a locale formats; domains need no row, as RowDescription names
// the type below.
var comparators = map[uint32]Comparator{
	oidBool:        {fixed(1), compareBool},
	oidChar:        {fixed(1), bytes.Compare},
	oidBytea:       {anything, bytes.Compare},
	oidUUID:        {fixed(16), bytes.Compare},
	oidInt2:        {fixed(2), compareInt16},
	oidInt4:        {fixed(4), compareInt32},
	oidInt8:        {fixed(8), compareInt64},
	oidOID:         {fixed(4), bytes.Compare}, // unsigned
	oidDate:        {fixed(4), compareInt32},
	oidTime:        {fixed(8), compareInt64},
	oidTimestamp:   {fixed(8), compareInt64},
	oidTimestamptz: {fixed(8), compareInt64},
	oidFloat4:      {fixed(4), compareFloat32},
	oidFloat8:      {fixed(8), compareFloat64},
	oidNumeric:     {validNumeric, compareNumeric},
}

// collated are the types that a collation orders, as collation C has it: by
// the bytes. Those of bpchar do not count blanks at the end.
var collated = map[uint32]Comparator{
	oidText:    {anything, bytes.Compare},
	oidVarchar: {anything, bytes.Compare},
	oidName:    {anything, bytes.Compare},
	oidBpchar:  {anything, compareBpchar},
}

// ComparatorOf returns the order of a type by its OID; false if merge does
// not know it. cCollation says that the sort key's collation is C, POSIX or
// the builtin C.UTF-8; without it no text is compared here.
func ComparatorOf(oid uint32, cCollation bool) (Comparator, bool) {
	c, ok := comparators[oid]
	if !ok && cCollation {
		c, ok = collated[oid]
	}
	return c, ok
}

func fixed(size int) func([]byte) bool {
	return func(v []byte) bool { return len(v) == size }
}

func anything([]byte) bool { return true }

func compareBool(a, b []byte) int {
	switch x, y := a[0] != 0, b[0] != 0; {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

func compareInt16(a, b []byte) int {
	return cmp.Compare(int16(binary.BigEndian.Uint16(a)), int16(binary.BigEndian.Uint16(b)))
}

func compareInt32(a, b []byte) int {
	return cmp.Compare(int32(binary.BigEndian.Uint32(a)), int32(binary.BigEndian.Uint32(b)))
}

func compareInt64(a, b []byte) int {
	return cmp.Compare(int64(binary.BigEndian.Uint64(a)), int64(binary.BigEndian.Uint64(b)))
}

func compareFloat32(a, b []byte) int {
	return compareFloats(float64(math.Float32frombits(binary.BigEndian.Uint32(a))),
		float64(math.Float32frombits(binary.BigEndian.Uint32(b))))
}

func compareFloat64(a, b []byte) int {
	return compareFloats(math.Float64frombits(binary.BigEndian.Uint64(a)),
		math.Float64frombits(binary.BigEndian.Uint64(b)))
}

// compareFloats puts NaN last, where Go's cmp.Compare puts it first; all NaNs
// are peers, and so are 0 and -0 (float8_cmp_internal in
// src/include/utils/float.h).
func compareFloats(x, y float64) int {
	if x != x || y != y {
		return -cmp.Compare(x, y)
	}
	return cmp.Compare(x, y)
}

// compareBpchar is bpcharcmp in src/backend/utils/adt/varchar.c.
func compareBpchar(a, b []byte) int {
	return bytes.Compare(bytes.TrimRight(a, " "), bytes.TrimRight(b, " "))
}
