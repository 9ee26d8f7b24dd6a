package shardfunc

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Assign is what a column of type t and type modifier mod (atttypmod; -1 for
// none) holds after INSERT, COPY or UPDATE gave it v: rounded to the scale of a
// numeric(p,s), cut to the length of a varchar(n) where only blanks are cut.
// ErrUnknown is what a server would refuse, or do by its settings. A text
// constant without a type goes through FromText first.
func Assign(t Type, mod int32, v Value) (Value, error) {
	if v.form == null {
		return Null(t), nil
	}
	v, err := assignType(t, v)
	if err != nil || mod < 0 {
		return v, err
	}
	switch t {
	case Varchar, Bpchar:
		return limitText(v, int(mod)-4) // VARHDRSZ
	case Numeric:
		return limitNumeric(v, mod-4)
	case Timestamp, Timestamptz:
		return limitTimestamp(v, mod)
	}
	return v, nil
}

func assignType(t Type, v Value) (Value, error) {
	switch {
	case t.IsInt() && v.typ == Int8:
		if fits(t, v.n) {
			return v, nil
		}
	case t.IsInt() && v.typ == Numeric:
		if v.isFinite() {
			if n, ok := v.decimal().round(0).int64(); ok && fits(t, n) {
				return Int(n), nil
			}
		}
	case t.IsText() && v.typ.IsText():
		return String(t, v.s), nil
	case t.IsText() && (v.typ == Int8 || v.typ == UUID):
		return String(t, v.String()), nil
	case t == v.typ:
		return v, nil
	case t == Numeric && v.typ == Int8:
		return numericOfInt(v.n), nil
	case t == Date && v.typ == Timestamp:
		day, _ := dayOf(v.n)
		return Value{typ: Date, form: plain, n: day}, nil
	case t == Timestamp && v.typ == Date:
		if micros, ok := midnight(v.n); ok {
			return Value{typ: Timestamp, form: plain, n: micros}, nil
		}
	}
	return Value{}, ErrUnknown
}

// limitText cuts blanks that are too many; other characters are an error.
func limitText(v Value, most int) (Value, error) {
	if len(v.s) <= most || utf8.RuneCountInString(v.s) <= most {
		return v, nil
	}
	end := 0
	for range most {
		_, size := utf8.DecodeRuneInString(v.s[end:])
		end += size
	}
	if strings.TrimRight(v.s[end:], " ") != "" {
		return Value{}, ErrUnknown
	}
	return String(v.typ, v.s[:end]), nil
}

// limitNumeric rounds to a scale of which mod holds 11 bits, with a sign since
// PostgreSQL 15, below 16 bits of precision.
func limitNumeric(v Value, mod int32) (Value, error) {
	switch {
	case v.form == nan:
		return v, nil
	case !v.isFinite():
		return Value{}, ErrUnknown
	}
	precision, scale := int(mod>>16), int(mod&0x7FF^0x400)-0x400
	d := v.decimal().round(scale)
	if d.digits != "" && d.point > precision-scale {
		return Value{}, ErrUnknown
	}
	return d.value(), nil
}

// limitTimestamp rounds to so many digits of a second, as
// AdjustTimestampForTypmod does.
func limitTimestamp(v Value, digits int32) (Value, error) {
	if digits >= 6 || v.n == math.MaxInt64 || v.n == math.MinInt64 {
		return v, nil
	}
	unit := int64(1)
	for range 6 - digits {
		unit *= 10
	}
	if v.n >= 0 {
		v.n = (v.n + unit/2) / unit * unit
	} else {
		v.n = -((-v.n + unit/2) / unit * unit)
	}
	return v, nil
}
