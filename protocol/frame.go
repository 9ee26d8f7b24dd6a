package protocol

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// HeaderLen is the length of a frame's header: a type byte and a 4-byte
// length that counts itself but not the type.
const HeaderLen = 5

// MaxFrame is the largest length field that PostgreSQL takes from a client
// (PQ_LARGE_MESSAGE_LIMIT in src/include/libpq/libpq.h). A longer announced
// length is an attack on the framing (CVE-2024-27304).
const MaxFrame = 1<<30 - 2

// maxAnswer is the largest length field that a server can send: a string
// buffer of at most MaxAllocSize - 1 bytes, and the length itself
// (enlargeStringInfo in src/common/stringinfo.c).
const maxAnswer = 1<<30 + 2

// smallFrame is the limit for messages that can hold no user data
// (PQ_SMALL_MESSAGE_LIMIT in src/include/libpq/libpq.h).
const smallFrame = 10000

// Frame is one message, undecoded. Body aliases the buffer it was read into
// and is valid until that buffer is read into again.
type Frame struct {
	Type byte
	Body []byte
}

// Peek reads the header at the start of b. It returns the frame's type and
// its total length, header included; ok is false while fewer than HeaderLen
// bytes are there. A length that cannot be is an error.
func Peek(b []byte) (typ byte, total int, ok bool, err error) {
	if len(b) < HeaderLen {
		return 0, 0, false, nil
	}
	n := binary.BigEndian.Uint32(b[1:])
	if n < 4 || n > maxAnswer {
		return b[0], 0, false, errFrameLength
	}
	return b[0], int(n) + 1, true, nil
}

// errFrameLength ends a connection without a word, as PostgreSQL does: where
// the next message begins is not known any more.
var errFrameLength error = silentError("invalid message length")

type silentError string

func (e silentError) Error() string        { return string(e) }
func (e silentError) Is(target error) bool { return target == ErrSilent }

// PeekClient is Peek for what clients send: it also refuses unknown types,
// and lengths that PostgreSQL refuses for the type.
func PeekClient(b []byte) (typ byte, total int, ok bool, err error) {
	if len(b) > 0 && clientLimit[b[0]] == 0 {
		return b[0], 0, false, pgerror.Fatalf(pgerror.ProtocolViolation, "invalid frontend message type %d", b[0])
	}
	typ, total, ok, err = Peek(b)
	if ok && total-1 > clientLimit[typ] {
		return typ, 0, false, errFrameLength
	}
	return typ, total, ok, err
}

// clientLimit is the longest length field per message type, 0 for types that
// do not exist (SocketBackend in src/backend/tcop/postgres.c).
var clientLimit = func() (l [256]int) {
	for _, t := range []byte("QPBdF") {
		l[t] = MaxFrame
	}
	for _, t := range []byte("CDEHScfX") {
		l[t] = smallFrame
	}
	return l
}()

// AppendFrame appends a whole frame with the given body to dst.
func AppendFrame(dst []byte, typ byte, body ...byte) []byte {
	dst = append(dst, typ)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(body)+4))
	return append(dst, body...)
}

// beginFrame appends a header whose length endFrame fills in.
func beginFrame(dst []byte, typ byte) []byte { return append(dst, typ, 0, 0, 0, 0) }

// endFrame sets the length of the frame whose type byte is at start.
func endFrame(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-1))
	return dst
}

// CString splits the NUL-terminated string off the front of b. ok is false
// when there is no terminator. s aliases b.
func CString(b []byte) (s, rest []byte, ok bool) {
	for i, c := range b {
		if c == 0 {
			return b[:i], b[i+1:], true
		}
	}
	return nil, b, false
}
