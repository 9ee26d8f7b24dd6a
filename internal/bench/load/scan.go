//go:build linux

package load

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// scan walks over frames that arrive in pieces. It keeps at most a header and
// the beginning of an error's body.
type scan struct {
	header [5]byte
	have   int // bytes of header seen
	left   int // bytes of the body still to come
	text   []byte
}

// errFrame is a length no server sends: we are out of step.
var errFrame = errors.New("a frame with an impossible length")

// keep is how much of an error's body is kept: severity, code and the
// beginning of the message.
const keep = 300

// feed takes what was read and returns how many ReadyForQuery and
// ErrorResponse ended in it.
func (s *scan) feed(b []byte) (ready, failed int, err error) {
	for len(b) > 0 {
		if s.have < len(s.header) {
			n := copy(s.header[s.have:], b)
			s.have += n
			b = b[n:]
			if s.have < len(s.header) {
				break
			}
			length := binary.BigEndian.Uint32(s.header[1:])
			if length < 4 || length > 1<<30 {
				return ready, failed, errFrame
			}
			s.left = int(length) - 4
			if s.header[0] == 'E' {
				s.text = s.text[:0]
			}
		}
		n := min(s.left, len(b))
		if s.header[0] == 'E' {
			s.text = append(s.text, b[:min(n, keep-len(s.text))]...)
		}
		s.left -= n
		b = b[n:]
		if s.left > 0 {
			break
		}
		s.have = 0
		switch s.header[0] {
		case 'Z':
			ready++
		case 'E':
			failed++
		}
	}
	return ready, failed, nil
}

// errorText makes one line of an ErrorResponse's body: code and message.
func errorText(body []byte) string {
	var code, message string
	for field := range bytes.SplitSeq(body, []byte{0}) {
		if len(field) == 0 {
			break
		}
		switch field[0] {
		case 'C':
			code = string(field[1:])
		case 'M':
			message = string(field[1:])
		}
	}
	return code + " " + message
}
