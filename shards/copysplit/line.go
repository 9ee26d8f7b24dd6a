package copysplit

// lines finds the ends of lines in text and csv, as CopyReadLineText does in
// src/backend/commands/copyfromparse.c: the first line end says which kind
// all others must be, or a shard that sees only some of the lines could think
// otherwise.
type lines struct {
	csv      bool
	quote    byte
	escape   byte // in csv; the same as quote means none
	dotIsRow *bool
	special  [256]bool // bytes that need a look

	end lineEnd

	// Of the line that is being looked at:
	pos     int
	quoted  bool
	escaped bool // the byte before was an escape within quotes
}

type lineEnd uint8

const (
	unknown lineEnd = iota
	nl
	cr
	crnl
)

// size is how many bytes a line end has.
func (e lineEnd) size() int {
	if e == crnl {
		return 2
	}
	return 1
}

func newLines(f Format, dotIsRow *bool) *lines {
	l := &lines{csv: f.CSV, quote: f.Quote, escape: f.Esc, dotIsRow: dotIsRow}
	for _, c := range []byte("\r\n\\") {
		l.special[c] = true
	}
	if l.csv {
		l.special[l.quote], l.special[l.escape] = true, true
	}
	return l
}

func (l *lines) head(b []byte, final bool) (piece, error) { return l.row(b, final) }

func (l *lines) row(b []byte, final bool) (piece, error) {
	for l.skip(b) {
		c := b[l.pos]
		// What follows may matter, and must be known before anything changes.
		if (c == '\\' || c == '\r') && l.pos+1 == len(b) && !final {
			return piece{}, nil
		}
		if c == '\\' && l.mayEnd(b) {
			switch m, err := l.marker(b[l.pos+2:], final); {
			case err != nil:
				return piece{}, err
			case m.kind == last:
				m.size += 2
				return m, nil
			case m.kind == partial:
				return piece{}, nil
			}
		}
		if l.csv {
			l.unquote(c)
		}
		switch {
		case c == '\n' && !l.quoted, c == '\r' && !l.quoted:
			return l.finish(b)
		case c == '\\' && !l.csv:
			l.pos++ // whatever follows is data, even a newline
		}
		l.pos++
	}
	if !final {
		return piece{}, nil
	}
	return l.rest(b), nil
}

// skip goes on to the next special byte; false if there is none.
func (l *lines) skip(b []byte) bool {
	at := l.pos
	for at < len(b) && !l.special[b[at]] {
		at++
	}
	if at > l.pos {
		l.pos, l.escaped = at, false
	}
	return at < len(b)
}

// unquote follows quotes. An escape that is no quote counts only within
// quotes, and not if it is itself escaped.
func (l *lines) unquote(c byte) {
	isEscape := c == l.escape && l.escape != l.quote
	if l.quoted && isEscape {
		l.escaped = !l.escaped
	}
	if c == l.quote && !l.escaped {
		l.quoted = !l.quoted
	}
	if !isEscape {
		l.escaped = false
	}
}

// finish returns the line that ends at pos.
func (l *lines) finish(b []byte) (piece, error) {
	found := nl
	if b[l.pos] == '\r' {
		found = cr
		// After a line that ended in \r alone, \n would begin the next.
		if l.end != cr && l.pos+1 < len(b) && b[l.pos+1] == '\n' {
			found = crnl
		}
	}
	if l.end != unknown && l.end != found {
		return piece{}, l.errLineEnd(found)
	}
	l.end = found
	p := piece{whole, l.pos + found.size(), l.pos}
	l.pos = 0
	return p, nil
}

// rest is a last line that has no end. It may be within quotes, which is for
// those to refuse who take it apart: a header line is not.
func (l *lines) rest(b []byte) piece {
	if len(b) == 0 {
		return piece{kind: last}
	}
	return piece{whole, len(b), len(b)}
}

// mayEnd reports whether the backslash at pos may begin an end marker, \. on
// a line of its own. In csv, elsewhere it is data.
func (l *lines) mayEnd(b []byte) bool {
	if l.csv && (l.pos > 0 || *l.dotIsRow) {
		return false
	}
	return l.pos+1 < len(b) && b[l.pos+1] == '.'
}

// marker looks at what follows \. and returns a last piece if it is a line
// end, and a whole one if the \. is data. The line end of unknown kind may be
// the first byte of \r\n; the rest is dropped anyway.
func (l *lines) marker(after []byte, final bool) (piece, error) {
	if l.pos > 0 {
		// PostgreSQL before 18 would take the line up to here.
		return piece{}, bad("end-of-copy marker is not alone on its line")
	}
	n := l.end.size()
	if len(after) < n {
		if !final {
			return piece{}, nil
		}
		return l.noMarker(after)
	}
	c := after[n-1]
	switch {
	case n == 2 && after[0] == '\n' && !l.csv:
		return piece{}, errMarkerStyle
	case n == 2 && after[0] != '\r', c != '\r' && c != '\n':
		return l.noMarker(after)
	case l.end == unknown, l.end == cr && c == '\r', l.end != cr && c == '\n':
		return piece{kind: last, size: n}, nil
	}
	return piece{}, errMarkerStyle
}

// noMarker is for a \. that PostgreSQL takes for data in csv, unless a shard
// that sees this line first, and so knows no line end yet, would not.
func (l *lines) noMarker(after []byte) (piece, error) {
	switch {
	case !l.csv:
		return piece{}, bad("end-of-copy marker corrupt")
	case len(after) > 0 && (after[0] == '\r' || after[0] == '\n'):
		return piece{}, errMarkerStyle
	}
	return piece{kind: whole}, nil
}

var errMarkerStyle = bad("end-of-copy marker does not match previous newline style")

func (l *lines) errLineEnd(found lineEnd) error {
	what, escape := "newline", `\n`
	if found != nl {
		what, escape = "carriage return", `\r`
	}
	if l.csv {
		return bad("unquoted %s found in data", what).WithHint("Use quoted CSV field to represent " + what + ".")
	}
	return bad("literal %s found in data", what).WithHint(`Use "` + escape + `" to represent ` + what + ".")
}
