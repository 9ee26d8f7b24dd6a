package shardfunc

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrUnknown means that the value cannot be told from here with certainty: it
// may be wrong, or it depends on settings or on the version of the server. A
// server must be asked, and raises its own error if it is wrong.
var ErrUnknown = errors.New("the value must be asked of a server")

// ErrCast means that PostgreSQL would compare the column after a cast, or not at
// all: the value says nothing about where the row is.
var ErrCast = errors.New("the column would be cast")

// Value is one value of a key column, canonical: two values of one family are
// equal to PostgreSQL exactly if their Key is. The zero Value is NULL. It is a
// plain value, safe to share.
type Value struct {
	typ  Type
	form form
	n    int64  // an integer, days or microseconds since 2000-01-01, the weight of a numeric
	s    string // bytes of a text, uuid or bytea; a numeric's digits to base 10000, two bytes each, low first
}

// form tells NULL from the rest, and the signs and oddities of numerics.
type form uint8

const (
	null     form = iota
	plain         // of a numeric: 0 or more
	negative      // numerics below 0
	nan
	plusInf
	minusInf
)

// The limits of PostgreSQL's dates and timestamps (datatype/timestamp.h). The
// largest and smallest integers stand for infinity and -infinity.
const (
	minDays      = -2451545 // 4714-11-24 BC
	endDays      = 2145031949
	minMicros    = -211813488000000000
	endMicros    = 9223371331200000000
	microsPerDay = 24 * 60 * 60 * 1000000
)

// Null is NULL, of a type.
func Null(t Type) Value { return Value{typ: widest(t)} }

// Int is an integer of any width.
func Int(n int64) Value { return Value{typ: Int8, form: plain, n: n} }

// String is a text, varchar or bpchar, from text that must be valid UTF-8
// without a NUL. The blanks at the end of a bpchar do not count.
func String(t Type, s string) Value {
	if t == Bpchar {
		s = strings.TrimRight(s, " ")
	}
	return Value{typ: t, form: plain, s: s}
}

// Bytes is a bytea.
func Bytes(b []byte) Value { return Value{typ: Bytea, form: plain, s: string(b)} }

// widest is the type that values of t have: integers do not keep their width.
func widest(t Type) Type {
	if t.IsInt() {
		return Int8
	}
	return t
}

// IsNull tells whether v is NULL.
func (v Value) IsNull() bool { return v.form == null }

// Type is v's type; integers of any width are Int8.
func (v Value) Type() Type { return v.typ }

// Key is v as its family's: equal to that of another value exactly if
// PostgreSQL would call the two equal and hash them alike.
func (v Value) Key() Value {
	if v.typ.IsText() {
		v.typ = Text
	}
	return v
}

// Int64 is the number of an integer, the days of a date and the microseconds
// of a timestamp since 2000-01-01.
func (v Value) Int64() int64 { return v.n }

// String is v as PostgreSQL would read it; "NULL" for NULL.
func (v Value) String() string {
	switch {
	case v.form == null:
		return "NULL"
	case v.typ.IsText():
		return v.s
	}
	switch v.typ {
	case Int8:
		return strconv.FormatInt(v.n, 10)
	case UUID:
		return uuidText(v.s)
	case Bytea:
		return `\x` + hex.EncodeToString([]byte(v.s))
	case Numeric:
		return numericText(v)
	case Date:
		return dateText(v.n)
	case Timestamp, Timestamptz:
		return timestampText(v)
	}
	return fmt.Sprintf("value of %s", v.typ)
}

func uuidText(s string) string {
	h := hex.EncodeToString([]byte(s))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func dateText(days int64) string {
	switch days {
	case math.MaxInt32:
		return "infinity"
	case math.MinInt32:
		return "-infinity"
	}
	return yearFirst(epoch.AddDate(0, 0, int(days)), "-01-02", "")
}

func timestampText(v Value) string {
	switch v.n {
	case math.MaxInt64:
		return "infinity"
	case math.MinInt64:
		return "-infinity"
	}
	zone := ""
	if v.typ == Timestamptz {
		zone = "+00"
	}
	seconds, micros := v.n/1000000, v.n%1000000
	return yearFirst(time.Unix(epoch.Unix()+seconds, micros*1000).UTC(), "-01-02 15:04:05.999999", zone)
}

// yearFirst prints a time with PostgreSQL's years: four digits or more, and
// none before 1.
func yearFirst(t time.Time, layout, zone string) string {
	if y := t.Year(); y > 0 {
		return fmt.Sprintf("%04d", y) + t.Format(layout) + zone
	}
	return fmt.Sprintf("%04d", 1-t.Year()) + t.Format(layout) + zone + " BC"
}

// text checks what becomes a text: a server would refuse anything else.
func text(t Type, s string) (Value, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return Value{}, ErrUnknown
	}
	return String(t, s), nil
}
