package shardfunc

import (
	"math"
	"strings"
)

// Convert is what "column = arg" means for a column of type t and an argument
// of a type of its own: the one value that the column has then. It does not
// match if no value of the column equals the argument, as of 7.5 and an
// integer, or of NULL. ErrCast is returned where PostgreSQL casts the column, or
// knows no such comparison: any row may match then, or an error is due. A text
// constant without a type is no argument of type text: it is for FromText.
func Convert(t Type, arg Value) (v Value, match bool, err error) {
	if arg.form == null {
		return Null(t), false, nil
	}
	switch {
	case t.IsInt():
		return convertToInt(t, arg)
	case t.IsText():
		return convertToText(t, arg)
	case t == arg.typ:
		return arg, true, nil
	case t == Numeric && arg.typ == Int8:
		return numericOfInt(arg.n), true, nil
	case t == Date && arg.typ == Timestamp:
		day, exact := dayOf(arg.n)
		return Value{typ: Date, form: plain, n: day}, exact, nil
	case t == Timestamp && arg.typ == Date:
		micros, ok := midnight(arg.n)
		return Value{typ: Timestamp, form: plain, n: micros}, ok, nil
	}
	return Value{}, false, ErrCast
}

func convertToInt(t Type, arg Value) (Value, bool, error) {
	switch arg.typ {
	case Int8:
		return arg, fits(t, arg.n), nil
	case Numeric: // int = numeric casts the integer, which loses nothing
		if !arg.isFinite() {
			return Value{}, false, nil
		}
		n, whole := arg.decimal().int64()
		return Int(n), whole && fits(t, n), nil
	}
	return Value{}, false, ErrCast
}

// convertToText follows the operators that PostgreSQL chooses: a comparison with
// text is one of texts, where a bpchar has lost its blanks; one of varchar and
// bpchar is one of bpchars, where neither has them.
func convertToText(t Type, arg Value) (Value, bool, error) {
	if !arg.typ.IsText() {
		return Value{}, false, ErrCast
	}
	v := arg
	v.typ = t
	switch {
	case t == Bpchar && arg.typ == Text:
		return v, !strings.HasSuffix(arg.s, " "), nil
	case t == Bpchar:
		return String(Bpchar, arg.s), true, nil
	case t == Varchar && arg.typ == Bpchar:
		return Value{}, false, ErrCast
	}
	return v, true, nil
}

// dayOf is the day of a timestamp, and whether it is exactly its beginning.
func dayOf(micros int64) (day int64, exact bool) {
	switch micros {
	case math.MaxInt64:
		return math.MaxInt32, true
	case math.MinInt64:
		return math.MinInt32, true
	}
	day = micros / microsPerDay
	if micros%microsPerDay < 0 {
		day--
	}
	return day, micros == day*microsPerDay
}

// midnight is the timestamp at which a day begins, if there is one: dates reach
// further than timestamps.
func midnight(day int64) (int64, bool) {
	switch day {
	case math.MaxInt32:
		return math.MaxInt64, true
	case math.MinInt32:
		return math.MinInt64, true
	}
	micros := day * microsPerDay
	return micros, day < endMicros/microsPerDay && inTime(micros)
}
