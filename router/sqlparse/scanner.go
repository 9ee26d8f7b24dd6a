package sqlparse

import "bytes"

// Scanner reads text that must not be parsed, in pieces of any size, in
// constant memory and linear time. It splits the text into statements and
// looks at each one's words. What it reports is on the safe side: an effect
// it cannot be exact about is Unknown, ParamUnknown or one that pins. The zero
// value is ready; Write and then Statement, once. One goroutine at a time.
type Scanner struct {
	carry []byte // a token that the text so far does not end
	base  int    // offset in the whole text of what lex works on
	words reading

	in      inside // what the text is in the middle of
	depth   int    // of block comments
	tag     []byte // that ends the dollar quote
	escaped bool   // a string with escapes just ended: it may go on after a line break
	newline bool   // such a line break was seen
}

// maxToken bounds what is kept of a name or a dollar quote's tag while its
// end is not in sight.
const maxToken = 4096

// Scan reads text with the scanner alone; see [Scanner].
func Scan(sql []byte) *Statement {
	var s Scanner
	s.lex(sql, true)
	return s.finish()
}

// Write reads the next piece of the text. It never fails and keeps nothing of chunk.
func (s *Scanner) Write(chunk []byte) (int, error) {
	n := len(chunk)
	if old := len(s.carry); old > 0 {
		s.carry = append(s.carry, chunk[:min(n, 2*maxToken)]...)
		done := s.lex(s.carry, false)
		s.base += done
		if done < old { // still the same token, and all of chunk with it
			s.carry = append(s.carry[:0], s.carry[done:]...)
			return n, nil
		}
		chunk, s.carry = chunk[done-old:], s.carry[:0]
	}
	done := s.lex(chunk, false)
	s.base += done
	s.carry = append(s.carry[:0], chunk[done:]...)
	return n, nil
}

// Statement ends the text and says what it was.
func (s *Scanner) Statement() *Statement {
	s.lex(s.carry, true)
	s.carry = nil
	return s.finish()
}

func (s *Scanner) finish() *Statement {
	s.words.endStatement(-1)
	return newStatement(s.words.parts, false)
}

// lex reports the tokens of src. Unless final, a token that might go on
// behind src is left alone: its index is returned.
func (s *Scanner) lex(src []byte, final bool) (done int) {
	for i := 0; i < len(src); {
		next, ok := s.step(src, i, final)
		if !ok {
			return next
		}
		i = next
	}
	return len(src)
}

// step reads one token, space or piece of a quote. ok is false when it needs
// more text, from next on.
func (s *Scanner) step(src []byte, i int, final bool) (next int, ok bool) {
	if s.in != outside {
		return s.skip(src, i, final)
	}
	c := src[i]
	if classes[c] == space {
		s.newline = s.newline || c == '\n' || c == '\r'
		return i + 1, true
	}
	last := i+1 == len(src) && !final
	switch {
	case c == '\'':
		return s.quote(i)
	case c == '-' && last, c == '/' && last:
		return i, false
	case c == '-' && i+1 < len(src) && src[i+1] == '-':
		s.in = inLine
		return i + 2, true
	}
	s.escaped = false
	switch {
	case c == '/' && i+1 < len(src) && src[i+1] == '*':
		s.in, s.depth = inBlock, 1
		return i + 2, true
	case c == '"':
		return s.name(src, i, 1, final)
	case c == '$':
		return s.dollar(src, i, final)
	case classes[c] == letter:
		return s.word(src, i, final)
	case classes[c] == digit, c == '.' && i+1 < len(src) && isDigit(src[i+1]):
		return s.number(src, i, final)
	}
	s.words.punct(c, s.base+i)
	return i + 1, true
}

// quote opens a string, or goes on with one that has escapes, on its next line.
func (s *Scanner) quote(i int) (next int, ok bool) {
	if s.escaped && s.newline {
		s.in = inEscape
		return i + 1, true
	}
	s.in, s.escaped = inString, false
	s.words.literal(s.base + i)
	return i + 1, true
}

func (s *Scanner) number(src []byte, i int, final bool) (next int, ok bool) {
	end, _ := numberEnd(src, i)
	if end+2 > len(src) && !final { // "1." and "1e+" may go on
		if end-i < maxToken {
			return i, false
		}
		s.in = inNumber
	}
	s.words.literal(s.base + i)
	return end, true
}

func (s *Scanner) word(src []byte, i int, final bool) (next int, ok bool) {
	end := wordEnd(src, i)
	if end+1 >= len(src) && !final { // U&' takes two more
		if end-i < maxToken {
			return i, false
		}
		s.in = inWord
	}
	if end-i == 1 && end < len(src) {
		c, next := src[i]|0x20, src[end]
		switch {
		case next == '\'' && c == 'e':
			s.in = inEscape
			s.words.literal(s.base + i)
			return end + 1, true
		case next == '&' && c == 'u' && end+1 < len(src) && src[end+1] == '"':
			s.words.blame("U&")
			return s.name(src, i, 3, final)
		}
	}
	s.words.word(src[i:end], s.base+i)
	return end, true
}

// name reads an identifier in quotes whose text starts at i+prefix.
func (s *Scanner) name(src []byte, i, prefix int, final bool) (next int, ok bool) {
	end, closed := quotedEnd(src, i+prefix, '"')
	text := src[i+prefix : end]
	if (!closed || end == len(src)) && !final {
		if end-i < maxToken {
			return i, false
		}
		s.in = inName
		if closed { // perhaps only the first of two quotes
			end--
		}
	}
	if closed {
		text = text[:len(text)-1]
	}
	if bytes.IndexByte(text, '"') >= 0 {
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	s.words.name(text, s.base+i)
	return end, true
}

func (s *Scanner) dollar(src []byte, i int, final bool) (next int, ok bool) {
	tag := dollarTag(src, i)
	if tag > i {
		s.tag = append(s.tag[:0], src[i:tag]...)
		s.in = inDollar
		s.words.literal(s.base + i)
		return tag, true
	}
	if !final && wordEnd(src, i+1) == len(src) {
		if len(src)-i < maxToken {
			return i, false
		}
		s.words.blame("$")
	}
	s.words.punct('$', s.base+i)
	return digitsEnd(src, i+1, isDigit), true
}
