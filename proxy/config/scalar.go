package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// scalar is a value as text, with what is known of how it was written.
type scalar struct {
	text   string
	plain  bool // without quotes, so it may be a number, a bool or null
	loose  bool // from a reference, a URL or a default: quotes say nothing
	hidden bool // must not be shown
}

// shown is the text as a message may show it.
func (s scalar) shown() string {
	if s.hidden {
		return Mask
	}
	return show(s.text)
}

// show quotes what a user wrote, cut to a length that fits on a line.
func show(text string) string {
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "..."
	}
	return strconv.Quote(text)
}

// YAML 1.2's core schema, less what people do not mean as numbers: 012 and
// 1_000 are strings here, as are yes, no, on and off.
var (
	intForm   = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*|0x[0-9a-fA-F]+|0o[0-7]+)$`)
	floatForm = regexp.MustCompile(`^[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)
)

// core says what a plain scalar is: "null", "a bool", "a number" or "".
func (s scalar) core() string {
	if !s.plain || s.loose {
		return ""
	}
	switch s.text {
	case "", "~", "null", "Null", "NULL":
		return "null"
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return "a bool"
	}
	if intForm.MatchString(s.text) || floatForm.MatchString(s.text) {
		return "a number"
	}
	return ""
}

// set parses s as the setting f wants it and stores it in v. The error is what
// follows the setting's path in a message.
func (s scalar) set(f field, v reflect.Value) error {
	if s.core() == "null" {
		return errEmpty
	}
	t := v.Type()
	switch {
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		return s.set(f, v.Elem())
	case t == durationType:
		return s.setDuration(f, v)
	case t.Kind() == reflect.Int64:
		return s.setSize(f, v)
	case t.Kind() == reflect.Int:
		return s.setInt(f, v)
	case t.Kind() == reflect.Bool:
		return s.setBool(v)
	case allowedOf(t) != nil:
		return s.setEnum(v)
	case t == literalType:
		return s.setLiteral(v)
	}
	return s.setString(f, v)
}

var errEmpty = errors.New("is empty; give a value, or remove the line")

func (s scalar) setBool(v reflect.Value) error {
	if s.core() != "a bool" && !(s.loose && (s.text == "true" || s.text == "false")) {
		return fmt.Errorf("must be true or false (without quotes), not %s", s.shown())
	}
	v.SetBool(strings.EqualFold(s.text, "true"))
	return nil
}

func (s scalar) setInt(f field, v reflect.Value) error {
	n, err := strconv.ParseInt(s.text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return outOfRange(f, s)
	case err != nil || !intForm.MatchString(s.text):
		return fmt.Errorf("must be a whole number, not %s", s.shown())
	case !s.plain && !s.loose:
		return fmt.Errorf("must be a number; write it without quotes")
	case f.min != "" && n < mustInt(f.min), f.max != "" && n > mustInt(f.max):
		return outOfRange(f, s)
	}
	v.SetInt(n)
	return nil
}

func (s scalar) setEnum(v reflect.Value) error {
	values, text := allowedOf(v.Type()), s.text
	if a, ok := v.Interface().(aliased); ok {
		text = a.canonical(text)
	}
	if !slices.Contains(values, text) {
		return fmt.Errorf("unknown value %s; it is one of %s", s.shown(), strings.Join(values, ", "))
	}
	v.SetString(text)
	return nil
}

func (s scalar) setString(f field, v reflect.Value) error {
	if is := s.core(); is != "" {
		return fmt.Errorf("must be a string, and this is %s; put it in quotes", is)
	}
	if s.text == "" {
		return errEmpty
	}
	if strings.ContainsRune(s.text, 0) {
		return errors.New("holds a zero byte, which PostgreSQL cannot take")
	}
	var wrong string
	switch f.check {
	case "bind":
		wrong = badAddr(s.text, true)
	case "addr":
		wrong = badAddr(s.text, false)
	case "host":
		if wrong = badAddr(s.text, false); strings.HasPrefix(s.text, unixPrefix) {
			wrong = `must be "host:port"`
		}
	case "prefix":
		if _, err := netip.ParsePrefix(s.text); err != nil {
			wrong = `is not a range of addresses; write "10.0.0.0/8" or "10.1.2.3/32"`
		}
	case "tcp":
		if wrong = badAddr(s.text, true); strings.HasPrefix(s.text, unixPrefix) {
			wrong = `must be "host:port"`
		}
	}
	if wrong != "" {
		return errors.New(wrong)
	}
	v.SetString(s.text)
	return nil
}

// setLiteral takes a key as it is written: what it means depends on its type,
// which stands elsewhere.
func (s scalar) setLiteral(v reflect.Value) error {
	switch {
	case s.core() == "a bool":
		return fmt.Errorf("must be a key, and this is a bool; put it in quotes")
	case s.text == "" && s.loose:
		return errEmpty
	case strings.ContainsRune(s.text, 0):
		return errors.New("holds a zero byte, which PostgreSQL cannot take")
	}
	v.SetString(s.text)
	return nil
}

func outOfRange(f field, s scalar) error {
	least := f.min
	if least == "" {
		least = "0"
	}
	what := "is out of range"
	if !s.hidden && len(s.text) <= 40 {
		what = s.text + " is out of range"
	}
	switch {
	case f.max == "":
		return fmt.Errorf("%s; it must be at least %s", what, least)
	case f.max == least:
		return fmt.Errorf("%s; it must be %s", what, least)
	}
	return fmt.Errorf("%s; it must be between %s and %s", what, least, f.max)
}

func mustInt(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic("config: bad bound in a struct tag: " + text)
	}
	return n
}
