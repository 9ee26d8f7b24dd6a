package sqlparse

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Hint is what comments in a text ask of wye: those that begin with wye: and
// stand outside any other comment, quote or literal, as in
//
//	/* wye: role=replica, max_staleness=500ms */
//	-- wye: role=primary
//
// A hint is a wish: it never makes a write go to a replica.
type Hint struct {
	Role string // "primary", "replica", or "" for no wish
	// MaxStaleness is the age a read may have, if HasMaxStaleness.
	MaxStaleness    time.Duration
	HasMaxStaleness bool
	// Cache is how long the answer may be kept for others, if HasCache; 0 is
	// not at all.
	Cache    time.Duration
	HasCache bool
	// Shard names the shard of a sharded cluster, in lower case; "" for no wish.
	Shard string
	// Bad holds the words that are unknown or malformed, or contradict
	// another, for a person to read. The others count all the same.
	Bad string
}

// hintMark begins a comment that is a hint, behind spaces. No other comment
// is part of a skeleton.
const hintMark = "wye:"

// maxBad bounds Hint.Bad, in bytes.
const maxBad = 100

// isHint tests the inside of a comment.
func isHint(comment []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(comment, " \t\r\n"), []byte(hintMark))
}

// readHint reads all hints in sql. Those and only those are found that are
// part of the skeleton.
func readHint(sql []byte) (h Hint) {
	if !bytes.Contains(sql, []byte(hintMark)) {
		return h
	}
	s := skeleton{src: sql, hint: &h}
	s.run()
	return h
}

// read takes the inside of one hint: words "name=value" between commas or
// spaces.
func (h *Hint) read(comment []byte) {
	sides := strings.Split(string(bytes.TrimLeft(comment, " \t\r\n")[len(hintMark):]), "=")
	for i := range sides {
		sides[i] = strings.TrimSpace(sides[i])
	}
	text := strings.ToLower(strings.Join(sides, "="))
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ',' || unicode.IsSpace(c) }) {
		h.word(word)
	}
}

// word takes one word. Of two that contradict each other the stricter counts.
func (h *Hint) word(word string) {
	name, value, _ := strings.Cut(word, "=")
	switch {
	case name == "role" && (value == "primary" || value == "replica"):
		if h.Role != "" && h.Role != value {
			h.bad(word)
			value = "primary"
		}
		h.Role = value
	case name == "shard" && value != "":
		if h.Shard != "" && h.Shard != value {
			h.bad(word)
			return
		}
		h.Shard = value
	case name == "cache":
		if value == "off" {
			value = "0"
		}
		h.Cache, h.HasCache = h.stricter(word, value, h.Cache, h.HasCache)
	case name == "max_staleness":
		h.MaxStaleness, h.HasMaxStaleness = h.stricter(word, value, h.MaxStaleness, h.HasMaxStaleness)
	default:
		h.bad(word)
	}
}

// stricter is the age that word asks for, or the one that was asked for before
// if that is less.
func (h *Hint) stricter(word, value string, before time.Duration, has bool) (time.Duration, bool) {
	age, err := time.ParseDuration(value)
	switch {
	case err != nil || age < 0:
		h.bad(word)
		return before, has
	case has && before != age:
		h.bad(word)
		age = min(age, before)
	}
	return age, true
}

func (h *Hint) bad(word string) {
	if h.Bad != "" {
		word = h.Bad + " " + word
	}
	if len(word) > maxBad {
		word = strings.ToValidUTF8(word[:maxBad], "") + "..."
	}
	h.Bad = word
}

// String writes the hint's words as they could stand in a comment; "" for none.
func (h Hint) String() string {
	var words []string
	if h.Role != "" {
		words = append(words, "role="+h.Role)
	}
	if h.HasMaxStaleness {
		words = append(words, "max_staleness="+h.MaxStaleness.String())
	}
	if h.HasCache {
		words = append(words, "cache="+strings.Replace(h.Cache.String(), "0s", "off", 1))
	}
	if h.Shard != "" {
		words = append(words, "shard="+h.Shard)
	}
	if h.Bad != "" {
		words = append(words, "bad: "+strconv.Quote(h.Bad))
	}
	return strings.Join(words, ", ")
}
