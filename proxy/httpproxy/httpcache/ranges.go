package httpcache

import (
	"fmt"
	"strings"
)

// span is a part of a body: length bytes from first.
type span struct{ first, length int64 }

func (s span) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.first, s.first+s.length-1, size)
}

type rangeVerdict int

const (
	wholeBody  rangeVerdict = iota // no range, or one that may be ignored
	onePart                        // 206
	outOfRange                     // 416
)

// oneRange reads a Range field for a body of size bytes (RFC 9110, 14.1.2 and
// 14.2). Several ranges, other units and what is malformed are ignored: the
// answer is then the whole, which the standard allows everybody.
func oneRange(lines []string, size int64) (span, rangeVerdict) {
	if len(lines) != 1 {
		return span{}, wholeBody
	}
	unit, spec, ok := strings.Cut(lines[0], "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return span{}, wholeBody
	}
	from, to, ok := strings.Cut(strings.Trim(spec, " \t"), "-")
	if !ok {
		return span{}, wholeBody
	}
	if from == "" {
		return suffix(to, size)
	}
	first, ok := position(from)
	last := size - 1
	if to != "" && ok {
		if last, ok = position(to); ok && last < first {
			return span{}, wholeBody // malformed
		}
	}
	switch {
	case !ok:
		return span{}, wholeBody
	case first >= size:
		return span{}, outOfRange
	}
	return span{first, min(last, size-1) - first + 1}, onePart
}

// suffix are the last n bytes.
func suffix(n string, size int64) (span, rangeVerdict) {
	length, ok := position(n)
	switch {
	case !ok:
		return span{}, wholeBody
	case length == 0 || size == 0:
		return span{}, outOfRange
	}
	length = min(length, size)
	return span{size - length, length}, onePart
}

// position reads a decimal number, the largest of which count as one that is
// beyond every body.
func position(s string) (n int64, ok bool) {
	const beyond = 1 << 62
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		if n = n*10 + int64(s[i]-'0'); n > beyond/16 {
			n = beyond / 16
		}
	}
	return n, s != ""
}
