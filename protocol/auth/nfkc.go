package auth

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// char is one code point with what composition needs to know of it.
type char struct {
	r     rune
	class uint8 // canonical combining class, 0 for starters
	joins bool  // may combine with what stands before it
}

func charOf(r rune) char {
	if r < utf8.RuneSelf {
		return char{r: r}
	}
	var buf [utf8.UTFMax]byte
	p := norm.NFC.Properties(buf[:utf8.EncodeRune(buf[:], r)])
	return char{r: r, class: p.CCC(), joins: !p.BoundaryBefore()}
}

// nfkc is Unicode's compatibility composition. norm.NFKC is not used on whole
// texts because it breaks runs of more than 30 combining marks with U+034F,
// which PostgreSQL does not; its tables serve here one character at a time.
func nfkc(text []rune) string {
	chars := make([]char, 0, len(text))
	for _, r := range text {
		chars = decompose(chars, r)
	}
	sortMarks(chars)
	out := make([]byte, 0, len(chars))
	for _, c := range compose(chars) {
		out = utf8.AppendRune(out, c.r)
	}
	return string(out)
}

// decompose appends the compatibility decomposition of r.
func decompose(chars []char, r rune) []char {
	if r < utf8.RuneSelf {
		return append(chars, charOf(r))
	}
	var one [utf8.UTFMax]byte
	p := one[:utf8.EncodeRune(one[:], r)]
	var parts []byte
	if r >= 0xAC00 && r <= 0xD7A3 { // Hangul syllables are computed, and not in the table
		parts = norm.NFKD.Append(make([]byte, 0, 16), p...)
	} else if parts = norm.NFKD.Properties(p).Decomposition(); parts == nil {
		parts = p
	}
	for len(parts) > 0 {
		part, size := utf8.DecodeRune(parts)
		chars = append(chars, charOf(part))
		parts = parts[size:]
	}
	return chars
}

// sortMarks puts each run of combining marks into canonical order.
func sortMarks(chars []char) {
	for i := 0; i < len(chars); i++ {
		begin := i
		for i < len(chars) && chars[i].class != 0 {
			i++
		}
		slices.SortStableFunc(chars[begin:i], func(a, b char) int { return int(a.class) - int(b.class) })
	}
}

// compose joins each starter with the marks after it where Unicode has one
// character for the pair, in place. A mark is out of reach when one of the
// same or a higher class that did not join stands between (Unicode Standard
// Annex 15, "blocked").
func compose(chars []char) []char {
	n, starter, between := 0, -1, -1
	for _, c := range chars {
		if starter >= 0 && c.joins && between < int(c.class) {
			if joined, ok := pair(chars[starter].r, c.r); ok {
				chars[starter].r = joined
				continue
			}
		}
		between = int(c.class)
		if c.class == 0 {
			starter, between = n, -1
		}
		chars[n] = c
		n++
	}
	return chars[:n]
}

// pair returns the one character that a and b make together.
func pair(a, b rune) (rune, bool) {
	var in, out [16]byte
	p := utf8.AppendRune(utf8.AppendRune(in[:0], a), b)
	p = norm.NFC.Append(out[:0], p...)
	r, size := utf8.DecodeRune(p)
	return r, size == len(p)
}
