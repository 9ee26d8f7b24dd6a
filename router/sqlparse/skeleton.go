package sqlparse

import "bytes"

// Marks stand in a skeleton for a literal. No text that PostgreSQL accepts
// has such a byte outside quotes.
const (
	markInt byte = 1 + iota // fits an int4
	markNumber
	markString // '', E'', U&'', $$ $$: all one kind to the grammar
	markBits
	markHex
)

// skeleton writes a text without its literals: what is left decides the
// parse. Comments become a space, except a hint to wye, which stays. Rows
// of one VALUES that look alike are written once, and so are the literals of
// one kind in IN (...) and ARRAY[...]. Everything else stays as it is: each
// space, each $n, the case of each letter.
//
// Two texts with equal skeletons have equal parse trees but for the values
// of literals and the number of such rows and list items; or one of them
// does not parse.
type skeleton struct {
	out   []byte
	src   []byte
	from  int   // src[from:] is not yet in out
	exact bool  // literals matter in ways that we do not follow: do not use
	hint  *Hint // takes the hints that are met, unless nil
	want  *wanted

	await  byte // what the last word waits for: awaitIn, ..., or 0
	list   bool // inside IN (...) or ARRAY[...], and only literals so far
	item   int  // out ended here after the item before; 0: there is none
	next   int  // and here after this one; 0: it has no literal yet
	repeat bool // this item is of the kind of the one before

	rows             bool // after VALUES, between or in rows
	depth            int  // of parentheses in rows
	row              int  // where the current row began in out
	lastRow, lastEnd int  // the row before in out; lastEnd 0: none
}

// A list or rows follow IN, ARRAY and VALUES only if nothing but the bracket
// comes next, and a word behind a dot is just a name.
const (
	awaitIn     = '('
	awaitArray  = '['
	awaitValues = 'v'
	afterDot    = '.'
)

// makeSkeleton appends the skeleton of src to out. It reports exact when
// such a text must be told apart by all its bytes.
func makeSkeleton(out, src []byte) (_ []byte, exact bool) {
	s := skeleton{out: out, src: src}
	s.run()
	return s.out, s.exact
}

func (s *skeleton) run() {
	for i := 0; i < len(s.src); {
		switch c := s.src[i]; classes[c] {
		case space:
			i++
		case letter:
			i = s.word(i)
		case digit:
			i = s.number(i)
		case control:
			s.exact = true
			return
		default:
			i = s.punct(i, c)
		}
	}
	s.flush(len(s.src))
}

// flush copies what is pending before i.
func (s *skeleton) flush(i int) {
	s.out = append(s.out, s.src[s.from:i]...)
	s.from = i
}

func (s *skeleton) word(i int) int {
	end := wordEnd(s.src, i)
	if end-i == 1 {
		if stop := s.prefixed(i); stop > end {
			return stop
		}
	}
	dotted := s.await == afterDot
	s.breaks()
	switch word := s.src[i:end]; {
	case dotted:
	case foldIs(word, "in"):
		s.await = awaitIn
	case foldIs(word, "array"):
		s.await = awaitArray
	case foldIs(word, "values"):
		s.await = awaitValues
	}
	return end
}

// breaks ends a list, and rows when we stand between two: what comes now is
// neither a literal nor a row.
func (s *skeleton) breaks() {
	s.await, s.list = 0, false
	s.rows = s.rows && s.depth > 0
}

// prefixed reads a string that starts with a letter: E, B, X or U& and a quote.
// It returns i or i+1 when there is none.
func (s *skeleton) prefixed(i int) int {
	if i+1 >= len(s.src) {
		return i
	}
	c, next := s.src[i]|0x20, s.src[i+1]
	switch {
	case next == '\'' && c == 'e':
		return s.literal(i, s.escaped(i+2), markString)
	case next == '\'' && c == 'b':
		return s.literal(i, s.plain(i+2), markBits)
	case next == '\'' && c == 'x':
		return s.literal(i, s.plain(i+2), markHex)
	case next == '&' && c == 'u' && i+2 < len(s.src) && s.src[i+2] == '\'':
		return s.literal(i, s.plain(i+3), markString)
	case next == '&' && c == 'u' && i+2 < len(s.src) && s.src[i+2] == '"':
		s.exact = true // a literal behind UESCAPE decides which name this is
	}
	return i
}

func (s *skeleton) plain(i int) int {
	end, _ := quotedEnd(s.src, i, '\'')
	return end
}

func (s *skeleton) escaped(i int) int {
	for {
		end, closed := escapedEnd(s.src, i)
		if !closed {
			return len(s.src)
		}
		if end < len(s.src) && s.src[end] == '\'' {
			i = end + 1
			continue
		}
		next, more := continues(s.src, end)
		if !more {
			return end
		}
		i = next
	}
}

func (s *skeleton) number(i int) int {
	end, small := numberEnd(s.src, i)
	if small {
		return s.literal(i, end, markInt)
	}
	return s.literal(i, end, markNumber)
}

// literal writes mark for src[i:end].
func (s *skeleton) literal(i, end int, mark byte) int {
	if s.want != nil {
		s.want.meet(i, end, mark)
	}
	s.flush(i)
	s.out = append(s.out, mark)
	s.from, s.await = end, 0
	s.rows = s.rows && s.depth > 0
	if s.list {
		s.repeat = s.item != 0 && s.out[s.item-1] == mark
		s.next = len(s.out)
	}
	return end
}

// comment drops src[i:end] unless it is a hint to wye.
func (s *skeleton) comment(i, end int) int {
	if isHint(s.src[i+2 : end]) {
		s.breaks()
		if s.hint != nil {
			s.hint.read(bytes.TrimSuffix(s.src[i+2:end], []byte("*/")))
		}
		return end
	}
	s.flush(i)
	s.from = end
	s.out = append(s.out, ' ')
	return end
}

func (s *skeleton) punct(i int, c byte) int {
	next := byte(0)
	if i+1 < len(s.src) {
		next = s.src[i+1]
	}
	switch {
	case c == '\'':
		return s.literal(i, s.plain(i+1), markString)
	case c == '"':
		end, _ := quotedEnd(s.src, i+1, c)
		s.breaks()
		return end
	case c == '$':
		return s.dollar(i)
	case c == '-' && next == '-':
		return s.comment(i, lineEnd(s.src, i))
	case c == '/' && next == '*':
		end, left := blockEnd(s.src, i+2, 1)
		if left > 0 {
			end = len(s.src)
		}
		return s.comment(i, end)
	case c == '.' && isDigit(next):
		return s.number(i)
	case c == '.' && next == '.':
		s.bracket(i, c)
		return i + 2
	case c == ',':
		if s.list {
			s.endItem(i)
		}
		s.await = 0
		return i + 1
	}
	s.bracket(i, c)
	return i + 1
}

func (s *skeleton) dollar(i int) int {
	tag := dollarTag(s.src, i)
	if tag == i { // $n, or an error
		s.breaks()
		return digitsEnd(s.src, i+1, isDigit)
	}
	end := len(s.src)
	if n := bytes.Index(s.src[tag:], s.src[i:tag]); n >= 0 {
		end = tag + n + tag - i
	}
	return s.literal(i, end, markString)
}
