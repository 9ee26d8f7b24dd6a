package strict

// head is what is known of the head that is being read.
type head struct {
	at      int      // bytes of the version, or of the target
	old     bool     // HTTP/1.0
	name    [20]byte // of the field, lower case; as much as is needed to tell those that frame
	named   int      // its length
	value   [64]byte // of a field that frames
	valued  int      // its length
	host    int      // fields of that name
	length  int64    // of the body; -1 is none given
	lengths int      // fields of that name
	codings int      // Transfer-Encoding fields
	chunked bool
	trailer bool // what is being read are trailer fields
}

func fault(why, section string) *Fault { return &Fault{Why: why, Section: "RFC 9112, " + section} }

var (
	badStart   = fault("a request begins with its method", "3")
	badMethod  = fault("the method is not a token followed by one space", "3.1")
	badTarget  = fault("the target has bytes that are not of a URI", "3.2")
	badVersion = fault("the request line does not end in HTTP/ and a version", "2.3")
	bareCR     = fault("a CR without LF", "2.2")
	folded     = fault("a field line begins with white space", "5.2")
	badName    = fault("a field name is not a token followed by a colon", "5.1")
	badValue   = fault("a field value has control characters", "5.5")
)

// start is where a request begins.
func start(s *Scanner, p []byte) (int, *Fault) {
	switch {
	case p[0] == '\r' && !s.blank:
		// A robust server ignores one empty line (2.2).
		s.blank, s.drop, s.next = true, true, blankEnd
		return 1, nil
	case class[p[0]]&tchar == 0:
		return 0, badStart
	}
	s.begun, s.next = true, method
	return method(s, p)
}

func blankEnd(s *Scanner, p []byte) (int, *Fault) {
	s.drop = true
	return s.expect(p[0], '\n', start, bareCR)
}

func method(s *Scanner, p []byte) (int, *Fault) {
	n := run(p, tchar)
	if n == len(p) {
		return n, nil
	}
	if p[n] != ' ' {
		return 0, badMethod
	}
	s.next = requestTarget
	return n + 1, nil
}

func requestTarget(s *Scanner, p []byte) (int, *Fault) {
	n := run(p, target)
	s.head.at += n
	if n == len(p) {
		return n, nil
	}
	if p[n] != ' ' || s.head.at == 0 {
		return 0, badTarget
	}
	s.head.at, s.next = 0, version
	return n + 1, nil
}

// version is HTTP/1.1 or HTTP/1.0 up to its CR. A higher minor version is a
// message of this one to us; a higher major one is refused.
func version(s *Scanner, p []byte) (int, *Fault) {
	const form = "HTTP/1."
	b, at := p[0], s.head.at
	switch {
	case at < len(form) && b == form[at]:
	case at == len(form) && class[b]&digit != 0:
		s.head.old = b == '0'
	case at == len(form)+1 && b == '\r':
		s.next = lineEnd
		return 1, nil
	default:
		return 0, badVersion
	}
	s.head.at++
	return 1, nil
}

func lineEnd(s *Scanner, p []byte) (int, *Fault) {
	return s.expect(p[0], '\n', fieldStart, s.in(bareCR))
}

// in is the fault as one of the head, or of the body's trailer.
func (s *Scanner) in(f *Fault) *Fault {
	if !s.head.trailer {
		return f
	}
	return &Fault{Why: f.Why, Section: f.Section, Body: true}
}

func fieldStart(s *Scanner, p []byte) (int, *Fault) {
	switch b := p[0]; {
	case b == '\r':
		s.next = headEnd
		return 1, nil
	case b == ' ' || b == '\t':
		return 0, s.in(folded)
	case class[b]&tchar == 0:
		return 0, s.in(badName)
	}
	s.head.named, s.head.valued = 0, 0
	s.next = fieldName
	return fieldName(s, p)
}

func fieldName(s *Scanner, p []byte) (int, *Fault) {
	n := run(p, tchar)
	for _, b := range p[:n] {
		if s.head.named < len(s.head.name) {
			if b >= 'A' && b <= 'Z' {
				b |= 0x20
			}
			s.head.name[s.head.named] = b
		}
		s.head.named++
	}
	if n == len(p) {
		return n, nil
	}
	if p[n] != ':' {
		return 0, s.in(badName)
	}
	s.next = fieldValue
	return n + 1, nil
}

func fieldValue(s *Scanner, p []byte) (int, *Fault) {
	n := run(p, vchar)
	if s.head.frames() {
		s.head.keep(p[:n])
	}
	if n == len(p) {
		return n, nil
	}
	if p[n] != '\r' {
		return 0, s.in(badValue)
	}
	s.next = fieldEnd
	return n + 1, nil
}

func fieldEnd(s *Scanner, p []byte) (int, *Fault) {
	if p[0] != '\n' {
		return 0, s.in(bareCR)
	}
	if s.head.frames() {
		if f := s.head.judge(); f != nil {
			return 0, s.in(f)
		}
	}
	s.next = fieldStart
	return 1, nil
}

// headEnd is the LF of the empty line.
func headEnd(s *Scanner, p []byte) (int, *Fault) {
	if p[0] != '\n' {
		return 0, s.in(bareCR)
	}
	if s.head.trailer {
		s.finish()
		return 1, nil
	}
	if f := s.head.complete(); f != nil {
		return 0, f
	}
	switch h := &s.head; {
	case h.chunked:
		s.next = chunkSize
	case h.length > 0:
		s.left, s.next = uint64(h.length), data
	default:
		s.finish()
	}
	return 1, nil
}
