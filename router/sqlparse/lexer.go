package sqlparse

import "bytes"

// The lexical rules are those of PostgreSQL's scan.l with
// standard_conforming_strings = on: chapter "Lexical Structure" of its
// documentation. Each function takes a text and an index and returns the
// index behind what it read, never past len(src).

type class uint8

const (
	other   class = iota // operators and punctuation
	space                //
	letter               // starts an identifier
	digit                //
	control              // outside quotes PostgreSQL takes none of these
)

var classes = func() (t [256]class) {
	for c := range t {
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			t[c] = space
		case c < ' ' || c == 0x7f:
			t[c] = control
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80:
			t[c] = letter
		case c >= '0' && c <= '9':
			t[c] = digit
		}
	}
	return t
}()

// wordEnd ends the identifier or keyword that starts at i.
func wordEnd(src []byte, i int) int {
	for i < len(src) && (classes[src[i]] == letter || classes[src[i]] == digit || src[i] == '$') {
		i++
	}
	return i
}

// numberEnd ends the number that starts at i with a digit, or with a dot and
// a digit. small: it is a plain integer that fits an int4 for sure, which is
// where the grammar draws a line between two kinds of constants.
func numberEnd(src []byte, i int) (end int, small bool) {
	start := i
	if src[i] == '0' && i+1 < len(src) {
		if in := bases[src[i+1]|0x20]; in != nil {
			if end = digitsEnd(src, i+2, in); end > i+2 {
				return end, false
			}
		}
	}
	i = digitsEnd(src, i, isDigit)
	small = i-start <= 9
	if i < len(src) && src[i] == '.' && !(i+1 < len(src) && src[i+1] == '.') {
		small = false
		i = digitsEnd(src, i+1, isDigit)
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		j := i + 1
		if j < len(src) && (src[j] == '+' || src[j] == '-') {
			j++
		}
		if j < len(src) && isDigit(src[j]) {
			return digitsEnd(src, j, isDigit), false
		}
	}
	return i, small
}

// bases are the digits of numbers that start with 0x, 0o and 0b.
var bases = [256]func(byte) bool{
	'x': isHex,
	'o': func(c byte) bool { return c >= '0' && c <= '7' },
	'b': func(c byte) bool { return c == '0' || c == '1' },
}

func digitsEnd(src []byte, i int, in func(byte) bool) int {
	for i < len(src) && (in(src[i]) || src[i] == '_' && i+1 < len(src) && in(src[i+1])) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// quotedEnd reads on inside text quoted by q, without backslash escapes,
// where a doubled quote stands for one. closed is false at the end of src.
func quotedEnd(src []byte, i int, q byte) (end int, closed bool) {
	for {
		n := bytes.IndexByte(src[i:], q)
		if n < 0 {
			return len(src), false
		}
		i += n + 1
		if i >= len(src) || src[i] != q {
			return i, true
		}
		i++
	}
}

// escapedEnd reads on inside a string with backslash escapes, up to its first closing quote: a
// doubled quote or a continuation on the next line is the caller's to see.
func escapedEnd(src []byte, i int) (end int, closed bool) {
	for i < len(src) {
		switch src[i] {
		case '\\':
			if i+1 >= len(src) {
				return i, false // the escaped byte is yet to come
			}
			i += 2
		case '\'':
			return i + 1, true
		default:
			i++
		}
	}
	return i, false
}

// dollarTag reads a dollar quote's opening tag, "$$" or "$name$", at i. It
// returns i when there is none.
func dollarTag(src []byte, i int) (end int) {
	j := i + 1
	for j < len(src) && (classes[src[j]] == letter || j > i+1 && isDigit(src[j])) {
		j++
	}
	if j < len(src) && src[j] == '$' {
		return j + 1
	}
	return i
}

// blockEnd reads on inside nested /* */ comments that are depth deep.
func blockEnd(src []byte, i, depth int) (end, left int) {
	for i+1 < len(src) {
		switch {
		case src[i] == '*' && src[i+1] == '/':
			i += 2
			if depth--; depth == 0 {
				return i, 0
			}
		case src[i] == '/' && src[i+1] == '*':
			i += 2
			depth++
		default:
			i++
		}
	}
	return i, depth
}

// lineEnd ends a -- comment before its line break.
func lineEnd(src []byte, i int) int {
	for i < len(src) && src[i] != '\n' && src[i] != '\r' {
		i++
	}
	return i
}

// continues reports whether the string that ended before i goes on after a
// line break, and where its next part begins: behind the quote. Only spaces
// and -- comments may stand between.
func continues(src []byte, i int) (next int, ok bool) {
	newline := false
	for i < len(src) {
		switch {
		case src[i] == '\n' || src[i] == '\r':
			newline = true
			i++
		case classes[src[i]] == space:
			i++
		case src[i] == '-' && i+1 < len(src) && src[i+1] == '-':
			i = lineEnd(src, i)
		default:
			return i + 1, newline && src[i] == '\''
		}
	}
	return i, false
}

// foldIs reports whether word is lower in any case; lower is ASCII letters
// in lower case.
func foldIs(word []byte, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i := range lower {
		if word[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// skipBlank passes spaces and comments.
func skipBlank(src []byte, i int) int {
	for i < len(src) {
		switch {
		case classes[src[i]] == space:
			i++
		case src[i] == '-' && i+1 < len(src) && src[i+1] == '-':
			i = lineEnd(src, i)
		case src[i] == '/' && i+1 < len(src) && src[i+1] == '*':
			i, _ = blockEnd(src, i+2, 1)
		default:
			return i
		}
	}
	return i
}
