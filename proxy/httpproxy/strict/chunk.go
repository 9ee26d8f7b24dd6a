package strict

// chunk is what is known of the chunk that is being read.
type chunk struct {
	digits int   // of its size
	place  place // in its extensions
	total  int   // bytes of extensions in the whole body so far
}

// maxExtensions bounds what chunk extensions of one body may cost (RFC 9112,
// 7.1.1: a recipient ought to limit it).
const maxExtensions = 4 << 10

func inBody(why, section string) *Fault {
	return &Fault{Why: why, Section: "RFC 9112, " + section, Body: true}
}

var (
	badSize       = inBody("a chunk size is not a hexadecimal number of 63 bits", "7.1")
	badExtension  = inBody("a chunk extension is not ;name or ;name=value", "7.1.1")
	muchExtension = inBody("more chunk extensions than anybody needs", "7.1.1")
	badChunkEnd   = inBody("a chunk is not followed by CRLF", "7.1")
)

func chunkSize(s *Scanner, p []byte) (int, *Fault) {
	b := p[0]
	switch {
	case class[b]&hexdig != 0:
		if s.left >= 1<<59 { // four more bits would not fit
			return 0, badSize
		}
		s.left = s.left<<4 | uint64(nibble(b))
		s.chunk.digits++
		return 1, nil
	case s.chunk.digits == 0:
		return 0, badSize
	case b == '\r':
		s.next = sizeEnd
		return 1, nil
	case b == ';' || b == ' ' || b == '\t':
		s.next = extensions
		return extensions(s, p)
	}
	return 0, badSize
}

func nibble(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b&^0x20 - 'A' + 10
}

// sizeEnd is the LF of a chunk's size. The last one, 0, is followed by the
// trailer.
func sizeEnd(s *Scanner, p []byte) (int, *Fault) {
	if p[0] != '\n' {
		return 0, badSize
	}
	s.chunk = chunk{total: s.chunk.total}
	if s.left == 0 {
		s.head.trailer, s.next = true, fieldStart
	} else {
		s.next = data
	}
	return 1, nil
}

func chunkEnd(s *Scanner, p []byte) (int, *Fault) {
	return s.expect(p[0], '\r', chunkEndLF, badChunkEnd)
}

func chunkEndLF(s *Scanner, p []byte) (int, *Fault) {
	return s.expect(p[0], '\n', chunkSize, badChunkEnd)
}

// place is where in *( BWS ";" BWS name [ BWS "=" BWS value ] ) a chunk's
// extensions are.
type place uint8

const (
	beforeSemicolon place = iota
	beforeName
	inName
	afterName
	beforeValue
	inValue
	inQuotes
	inEscape
	afterQuotes
)

// extensions reads what stands between a chunk's size and its CR, and drops it:
// nobody behind has a use for it (7.1.1: a recipient MUST ignore what it does
// not know), and not everybody reads it right.
func extensions(s *Scanner, p []byte) (int, *Fault) {
	b, c := p[0], &s.chunk
	if c.total++; c.total > maxExtensions {
		return 0, muchExtension
	}
	if b == '\r' && c.mayEnd() {
		s.next = sizeEnd
		return 1, nil
	}
	next, ok := c.place.after(b)
	if !ok {
		return 0, badExtension
	}
	c.place, s.drop = next, true
	return 1, nil
}

// mayEnd says whether an extension is whole; white space alone is none.
func (c *chunk) mayEnd() bool {
	return c.place == inName || c.place == inValue || c.place == afterQuotes
}

// after is where b leads from here.
func (at place) after(b byte) (place, bool) {
	space := b == ' ' || b == '\t'
	token := class[b]&tchar != 0
	switch at {
	case beforeSemicolon:
		if b == ';' {
			return beforeName, true
		}
		return at, space
	case beforeName:
		if token {
			return inName, true
		}
		return at, space
	case inName, afterName:
		switch {
		case b == '=':
			return beforeValue, true
		case b == ';':
			return beforeName, true
		case space:
			return afterName, true
		}
		return at, token && at == inName
	case beforeValue:
		switch {
		case b == '"':
			return inQuotes, true
		case token:
			return inValue, true
		}
		return at, space
	case inValue, afterQuotes:
		switch {
		case b == ';':
			return beforeName, true
		case space:
			return beforeSemicolon, true
		}
		return at, token && at == inValue
	case inQuotes:
		switch b {
		case '"':
			return afterQuotes, true
		case '\\':
			return inEscape, true
		}
		return at, class[b]&vchar != 0
	}
	return inQuotes, class[b]&vchar != 0 // inEscape
}
