package sqlparse

import "bytes"

// inside says what the scanner's text is in the middle of.
type inside uint8

const (
	outside inside = iota
	inString
	inEscape
	inDollar
	inLine
	inBlock
	inName   // the rest of a quoted identifier, already reported
	inWord   // the same without quotes
	inNumber //
)

// skip reads on inside a quote or comment.
func (s *Scanner) skip(src []byte, i int, final bool) (next int, ok bool) {
	switch s.in {
	case inString, inName:
		q := byte('\'')
		if s.in == inName {
			q = '"'
		}
		end, closed := quotedEnd(src, i, q)
		return s.leave(src, end, closed, final)
	case inEscape:
		end, closed := escapedEnd(src, i)
		if closed && end < len(src) && src[end] == '\'' {
			return end + 1, true
		}
		if !closed && final {
			return len(src), true
		}
		if !closed {
			return end, end == len(src)
		}
		s.escaped, s.newline = true, false
		return s.leave(src, end, closed, final)
	case inDollar:
		if n := bytes.Index(src[i:], s.tag); n >= 0 {
			s.in = outside
			return i + n + len(s.tag), true
		}
		if final {
			return len(src), true
		}
		return max(i, len(src)-len(s.tag)+1), false
	case inLine:
		end := lineEnd(src, i)
		if end < len(src) {
			s.in = outside
		}
		return end, true
	case inBlock:
		end, left := blockEnd(src, i, s.depth)
		if s.depth = left; left == 0 {
			s.in = outside
			return end, true
		}
		if final {
			return len(src), true
		}
		return end, end == len(src)
	case inWord:
		i = wordEnd(src, i)
	case inNumber:
		i = digitsEnd(src, i, isDigit)
	}
	if i < len(src) {
		s.in = outside
	}
	return i, true
}

// leave ends a quote at end, unless its closing quote may turn out to be the
// first of two.
func (s *Scanner) leave(src []byte, end int, closed, final bool) (next int, ok bool) {
	if closed && end == len(src) && !final {
		return end - 1, false
	}
	if closed {
		s.in = outside
	}
	return end, true
}
