package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

func (s scalar) setDuration(f field, v reflect.Value) error {
	d, err := time.ParseDuration(s.text)
	bare := floatForm.MatchString(s.text)
	switch {
	case bare && d != 0, bare && err != nil:
		return s.noUnit("s", "m")
	case err != nil:
		return fmt.Errorf("must be a duration such as 500ms, 30s, 10m or 1h30m, not %s", s.shown())
	case d < mustDuration(f.min), f.max != "" && d > mustDuration(f.max):
		return outOfRange(f, s)
	}
	v.SetInt(int64(d))
	return nil
}

// units of a size, the longest first so that "MiB" is not read as "B".
var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}}

func (s scalar) setSize(f field, v reflect.Value) error {
	n, err := parseSize(s.text)
	switch {
	case floatForm.MatchString(s.text) && s.text != "0":
		return s.noUnit("KiB", "MiB")
	case errors.Is(err, strconv.ErrRange):
		return outOfRange(f, s)
	case err != nil:
		return fmt.Errorf("must be a size such as 512KiB, 32MiB or 1GiB, not %s", s.shown())
	case f.min != "" && n < mustSize(f.min), f.max != "" && n > mustSize(f.max):
		return outOfRange(f, s)
	}
	v.SetInt(n)
	return nil
}

// parseSize reads a whole number and a unit.
func parseSize(text string) (int64, error) {
	if text == "0" {
		return 0, nil
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok || !intForm.MatchString(digits) {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err == nil && n > (1<<63-1)/u.bytes {
			err = strconv.ErrRange
		}
		return n * u.bytes, err
	}
	return 0, strconv.ErrSyntax
}

// noUnit shows the number with two units behind it.
func (s scalar) noUnit(small, large string) error {
	number := s.text
	if s.hidden || len(number) > 15 || strings.ContainsAny(number, "-+") {
		return fmt.Errorf("has no unit; write 30%s or 30%s", small, large)
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && n >= 4096 && small == "KiB" {
		return fmt.Errorf("%s has no unit; for bytes write %s", number, sizeText(n))
	}
	return fmt.Errorf("%s has no unit; write %s%s or %s%s", number, number, small, number, large)
}

func mustSize(text string) int64 {
	n, err := parseSize(text)
	if err != nil {
		panic("config: bad bound in a struct tag: " + text)
	}
	return n
}

func mustDuration(text string) time.Duration {
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic("config: bad bound in a struct tag: " + text)
	}
	return d
}
