package fold

import "github.com/wyeproxy/wye/shards/merge"

// Type OIDs, from src/include/catalog/pg_type.dat.
const (
	oidBool        = 16
	oidBytea       = 17
	oidName        = 19
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidOID         = 26
	oidVarchar     = 1043
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidNumeric     = 1700
	oidUUID        = 2950
)

// Groups reports whether values of a type are equal if and only if their
// binary forms are, so that it may be a Key. deterministic says that the
// collation is, as all are that were not made otherwise; with it text of equal
// bytes alone is equal. Not here, and why: numeric (1.10 = 1.1), floats
// (0 = -0), interval (1 mon = 30 days), bpchar (blanks at the end), jsonb, and
// whatever a user may have given an equality of its own.
func Groups(oid uint32, deterministic bool) bool {
	switch oid {
	case oidBool, oidInt2, oidInt4, oidInt8, oidOID, oidDate, oidTime, oidTimestamp, oidTimestamptz, oidUUID, oidBytea:
		return true
	case oidText, oidVarchar, oidName:
		return deterministic
	}
	return false
}

// Compares reports whether Min and Max know the order of a type. cCollation
// says that text is compared by its bytes. Peers of a numeric may print
// differently; PostgreSQL gives any of them too. Floats are peers as 0 and -0,
// and bpchar with blanks: left to PostgreSQL.
func Compares(oid uint32, cCollation bool) bool {
	switch oid {
	case oidInt2, oidInt4, oidInt8, oidOID, oidDate, oidTime, oidTimestamp, oidTimestamptz, oidNumeric:
		return true
	case oidText, oidVarchar, oidName:
		return cCollation
	}
	return false
}

// Prints reports whether the text of a type is the same in all sessions, so
// that no Twin is needed.
func Prints(oid uint32) bool {
	switch oid {
	case oidBool, oidInt2, oidInt4, oidInt8, oidOID, oidNumeric, oidUUID, oidText, oidVarchar, oidName:
		return true
	}
	return false
}

// order is the order of a column's or an output's type. Of text it is that of
// the bytes: where another is asked for, there is no Spec.
func order(oid uint32) merge.Comparator {
	c, _ := merge.ComparatorOf(oid, true)
	return c
}
