package shardfunc

import (
	"math"
	"strings"
	"time"
)

// readDate reads YYYY-MM-DD, which every DateStyle reads alike, and infinity.
func readDate(s string) (Value, error) {
	v := Value{typ: Date, form: plain}
	switch s {
	case "infinity":
		v.n = math.MaxInt32
		return v, nil
	case "-infinity":
		v.n = math.MinInt32
		return v, nil
	}
	days, rest, ok := cutDate(s)
	if !ok || rest != "" {
		return Value{}, ErrUnknown
	}
	v.n = days
	return v, nil
}

// readTimestamp reads a date and a time to the second or finer, and infinity.
// A timestamptz needs its zone as a number or as Z: names of zones, and what
// holds without one, are settings of the server.
func readTimestamp(t Type, s string) (Value, error) {
	v := Value{typ: t, form: plain}
	switch s {
	case "infinity":
		v.n = math.MaxInt64
		return v, nil
	case "-infinity":
		v.n = math.MinInt64
		return v, nil
	}
	days, rest, ok := cutDate(s)
	if !ok {
		return Value{}, ErrUnknown
	}
	v.n = days * microsPerDay
	if rest == "" && t == Timestamp {
		return v, nil
	}
	micros, rest, ok := cutTime(rest)
	if !ok {
		return Value{}, ErrUnknown
	}
	v.n += micros
	if t == Timestamptz {
		east, ok := readZone(rest)
		if !ok {
			return Value{}, ErrUnknown
		}
		v.n -= east * 1000000
		rest = ""
	}
	if rest != "" {
		return Value{}, ErrUnknown
	}
	return v, nil
}

// cutDate takes YYYY-MM-DD off s: days since 2000-01-01.
func cutDate(s string) (days int64, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, "", false
	}
	y, ok1 := number(s[:4])
	m, ok2 := number(s[5:7])
	d, ok3 := number(s[8:10])
	if !ok1 || !ok2 || !ok3 || y == 0 {
		return 0, "", false
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Day() != d || int(t.Month()) != m {
		return 0, "", false
	}
	return (t.Unix() - epoch.Unix()) / (24 * 60 * 60), s[10:], true
}

// cutTime takes " HH:MM:SS" with at most six more digits off s: microseconds.
func cutTime(s string) (micros int64, rest string, ok bool) {
	if len(s) < 9 || s[0] != ' ' && s[0] != 'T' || s[3] != ':' || s[6] != ':' {
		return 0, "", false
	}
	h, ok1 := number(s[1:3])
	m, ok2 := number(s[4:6])
	sec, ok3 := number(s[7:9])
	if !ok1 || !ok2 || !ok3 || h > 23 || m > 59 || sec > 59 {
		return 0, "", false
	}
	micros = int64(h*3600+m*60+sec) * 1000000
	s = s[9:]
	if !strings.HasPrefix(s, ".") {
		return micros, s, true
	}
	s = s[1:]
	unit, digits := int64(100000), 0
	for digits < len(s) && isDigit(s[digits]) {
		micros += int64(s[digits]-'0') * unit
		unit /= 10
		digits++
	}
	return micros, s[digits:], digits >= 1 && digits <= 6
}

// readZone reads Z, +HH, +HHMM, +HH:MM: seconds east of Greenwich.
func readZone(s string) (int64, bool) {
	if s == "Z" {
		return 0, true
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	sign, s := s[0], s[1:]
	hours, minutes := s, "00"
	switch {
	case len(s) == 5 && s[2] == ':':
		hours, minutes = s[:2], s[3:]
	case len(s) == 4:
		hours, minutes = s[:2], s[2:]
	case len(s) != 2:
		return 0, false
	}
	h, ok1 := number(hours)
	m, ok2 := number(minutes)
	if !ok1 || !ok2 || h > 15 || m > 59 { // MAX_TZDISP_HOUR
		return 0, false
	}
	east := int64(h*3600 + m*60)
	if sign == '-' {
		east = -east
	}
	return east, true
}

// number reads a few digits and nothing else.
func number(s string) (n int, ok bool) {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}
