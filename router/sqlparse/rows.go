package sqlparse

import "bytes"

// A client that inserts a hundred rows at once, or looks for ten ids, sends
// texts that differ only in how often something is repeated. Here a skeleton
// forgets repeated list items and rows.

// endItem forgets the list item that ends before i if it repeats the one before.
func (s *skeleton) endItem(i int) {
	if s.repeat {
		s.forgets()
		s.flush(i)
		s.out = s.out[:s.item]
	} else {
		s.item = s.next
	}
	s.repeat = false
}

// bracket follows lists and rows through every other character.
func (s *skeleton) bracket(i int, c byte) {
	if s.list && (c == ')' || c == ']') {
		s.endItem(i)
	}
	if s.await == awaitValues && c == '(' && !s.rows {
		s.rows, s.depth, s.lastEnd = true, 0, 0
	}
	switch {
	case s.rows && c == '(':
		if s.depth == 0 {
			s.flush(i)
			s.row = len(s.out)
		}
		s.depth++
	case s.rows && c == ')' && s.depth > 0:
		if s.depth--; s.depth == 0 {
			s.endRow(i + 1)
		}
	case s.depth == 0:
		s.rows = false
	}
	s.list = s.await == c && c != afterDot
	s.item, s.next, s.await, s.repeat = 0, 0, 0, false
	if c == afterDot {
		s.await = afterDot
	}
}

// endRow forgets the row that ends before i when it looks like the one before.
func (s *skeleton) endRow(i int) {
	s.flush(i)
	if s.lastEnd != 0 && bytes.Equal(s.out[s.row:], s.out[s.lastRow:s.lastEnd]) {
		s.forgets()
		s.out = s.out[:s.lastEnd]
		return
	}
	s.lastRow, s.lastEnd = s.row, len(s.out)
}
