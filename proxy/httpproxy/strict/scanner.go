package strict

// Scanner reads the requests of one client as they come. The zero value is
// ready for the first one. Not for concurrent use.
type Scanner struct {
	next  step
	head  head
	chunk chunk
	left  uint64 // bytes of a body or chunk to come, in data
	fault *Fault

	begun bool // some of the head has been seen
	blank bool // an empty line stood before it
	drop  bool // the byte just read is not to be passed on
}

// step takes what it can of p, which is not empty, sets next when that ends,
// and returns how much that was, at least one byte.
type step func(s *Scanner, p []byte) (int, *Fault)

// Fault is why a message is malformed.
type Fault struct {
	Why     string
	Section string // of RFC 9112, or another by name
	Body    bool   // its head was in order
}

func (f *Fault) Error() string { return f.Why + " (" + f.Section + ")" }

// Scan reads the bytes that follow those it has seen, and moves them together
// where it drops some: an empty line before a request, chunk extensions. It
// returns how many are to be passed on: all, or, with a fault, those before the malformed head, or
// before the malformed part of a body. After a fault it only repeats that.
func (s *Scanner) Scan(p []byte) (int, *Fault) {
	if s.next == nil {
		s.next = start
	}
	head := 0 // where the head begins that is being read
	for i := 0; i < len(p) && s.fault == nil; {
		if !s.begun {
			head = i
		}
		n, fault := s.next(s, p[i:])
		switch {
		case fault != nil && fault.Body:
			s.fault = fault
			return i, fault
		case fault != nil:
			s.fault = fault
			return head, fault
		case s.drop:
			s.drop = false
			p = append(p[:i], p[i+n:]...)
		default:
			i += n
		}
	}
	if s.fault != nil {
		return 0, s.fault
	}
	return len(p), nil
}

// data is a body, or a chunk's part of it.
func data(s *Scanner, p []byte) (int, *Fault) {
	n := min(s.left, uint64(len(p)))
	if s.left -= n; s.left == 0 {
		if s.head.chunked {
			s.next = chunkEnd
		} else {
			s.finish()
		}
	}
	return int(n), nil
}

// finish makes ready for the next message.
func (s *Scanner) finish() {
	s.next, s.begun, s.blank = start, false, false
	s.head, s.chunk = head{}, chunk{}
}

// expect takes the one byte that may stand here.
func (s *Scanner) expect(b, want byte, next step, f *Fault) (int, *Fault) {
	if b != want {
		return 0, f
	}
	s.next = next
	return 1, nil
}

// The classes of bytes.
const (
	tchar  = 1 << iota // of tokens (RFC 9110, 5.6.2)
	vchar              // of field values, SP and HTAB among them (RFC 9110, 5.5)
	target             // of request targets: what is visible, but no fragment (RFC 9112, 3.2)
	digit
	hexdig
)

var class = func() (t [256]uint8) {
	for b := range 256 {
		c := byte(b)
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		number := c >= '0' && c <= '9'
		if letter || number || (c != 0 && contains("!#$%&'*+-.^_`|~", c)) {
			t[b] |= tchar
		}
		if c == '\t' || c >= ' ' && c != 0x7f {
			t[b] |= vchar
		}
		if c > ' ' && c < 0x7f && c != '#' {
			t[b] |= target
		}
		if number {
			t[b] |= digit | hexdig
		}
		if c|0x20 >= 'a' && c|0x20 <= 'f' {
			t[b] |= hexdig
		}
	}
	return t
}()

func contains(set string, c byte) bool {
	for i := range len(set) {
		if set[i] == c {
			return true
		}
	}
	return false
}

// run is how many bytes from the beginning of p are of the class.
func run[T string | []byte](p T, of uint8) int {
	for i := range len(p) {
		if class[p[i]]&of == 0 {
			return i
		}
	}
	return len(p)
}
