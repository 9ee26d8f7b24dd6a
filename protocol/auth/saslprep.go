package auth

import (
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// saslPrep returns the bytes of password that PostgreSQL hashes. It follows
// pg_saslprep of PostgreSQL and not the letter of RFC 4013: pure ASCII is left
// alone, even control characters; the checks look at the text before it is
// normalised; and a password that fails them, or is not UTF-8, is used as it
// stands.
func saslPrep(password string) string {
	if isASCII(password) || !utf8.ValidString(password) {
		return password
	}
	t := saslTables()
	mapped := make([]rune, 0, len(password))
	for _, r := range password {
		switch {
		case t.spaces.has(r):
			mapped = append(mapped, ' ')
		case t.nothing.has(r):
		default:
			mapped = append(mapped, r)
		}
	}
	if len(mapped) == 0 || t.refused(mapped) || !t.directionsAgree(mapped) {
		return password
	}
	return nfkc(mapped)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// rangeSet is a sorted list of code points: first, last, first, last, ...
type rangeSet []rune

func (s rangeSet) has(r rune) bool {
	// The index of the first bound above r is odd exactly inside a range,
	// since the bounds are kept as first and last+1.
	return sort.Search(len(s), func(i int) bool { return s[i] > r })%2 == 1
}

// parseRanges reads the text form of rfc3454.go, which is ours: it panics on
// a typing mistake.
func parseRanges(text string) rangeSet {
	var s rangeSet
	for _, word := range strings.Fields(text) {
		lo, hi, isRange := strings.Cut(word, "-")
		if !isRange {
			hi = lo
		}
		s = append(s, mustHex(lo), mustHex(hi)+1)
	}
	return s
}

func mustHex(s string) rune {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		panic(err)
	}
	return rune(n)
}

type prepTables struct {
	spaces, nothing, prohibited, unassigned, randALCat, lCat rangeSet
}

// saslTables is filled at the first password beyond ASCII: most processes
// never see one.
var saslTables = sync.OnceValue(func() *prepTables {
	return &prepTables{
		spaces:     parseRanges(rfc3454Spaces),
		nothing:    parseRanges(rfc3454Nothing),
		prohibited: parseRanges(rfc3454Prohibited),
		unassigned: parseRanges(rfc3454Unassigned),
		randALCat:  parseRanges(rfc3454RandALCat),
		lCat:       parseRanges(rfc3454LCat),
	}
})

func (t *prepTables) refused(text []rune) bool {
	for _, r := range text {
		if t.prohibited.has(r) || t.unassigned.has(r) {
			return true
		}
	}
	return false
}

// directionsAgree is section 6 of RFC 3454: text with a right-to-left letter
// has no left-to-right one, and begins and ends with a right-to-left letter.
func (t *prepTables) directionsAgree(text []rune) bool {
	rightToLeft, leftToRight := false, false
	for _, r := range text {
		rightToLeft = rightToLeft || t.randALCat.has(r)
		leftToRight = leftToRight || t.lCat.has(r)
	}
	if !rightToLeft {
		return true
	}
	return !leftToRight && t.randALCat.has(text[0]) && t.randALCat.has(text[len(text)-1])
}
