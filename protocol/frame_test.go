package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

func header(typ byte, length uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{typ}, length)
}

func TestPeek(t *testing.T) {
	for n := range HeaderLen {
		if _, _, ok, err := Peek(header('D', 4)[:n]); ok || err != nil {
			t.Errorf("%d bytes: %v %v", n, ok, err)
		}
	}
	for _, length := range []uint32{4, 5, 10001, maxAnswer} {
		typ, total, ok, err := Peek(header('D', length))
		if typ != 'D' || total != int(length)+1 || !ok || err != nil {
			t.Errorf("length %d: %q %d %v %v", length, typ, total, ok, err)
		}
	}
	for _, length := range []uint32{0, 1, 3, maxAnswer + 1, 1 << 31, 1<<32 - 1} {
		if _, _, ok, err := Peek(header('D', length)); ok || !errors.Is(err, ErrSilent) {
			t.Errorf("length %d: %v %v", length, ok, err)
		}
	}
}

// The limits are those of SocketBackend and pq_getmessage in PostgreSQL 15.
func TestPeekClient(t *testing.T) {
	const large, small = 1<<30 - 2, 10000
	limits := map[byte]uint32{'Q': large, 'P': large, 'B': large, 'd': large, 'F': large,
		'C': small, 'D': small, 'E': small, 'H': small, 'S': small, 'c': small, 'f': small, 'X': small}
	for i := range 256 {
		typ := byte(i)
		limit, known := limits[typ]
		if !known {
			for n := 1; n <= HeaderLen; n++ {
				_, _, ok, err := PeekClient(header(typ, 4)[:n])
				var e *pgerror.Error
				if ok || !errors.As(err, &e) || e.Code != pgerror.ProtocolViolation || !e.IsFatal() {
					t.Fatalf("type %q: %v %v", typ, ok, err)
				}
			}
			continue
		}
		if _, total, ok, err := PeekClient(header(typ, limit)); !ok || err != nil || total != int(limit)+1 {
			t.Errorf("type %q: the longest is refused: %v", typ, err)
		}
		if _, _, ok, err := PeekClient(header(typ, limit+1)); ok || !errors.Is(err, ErrSilent) {
			t.Errorf("type %q: one byte more is not refused: %v", typ, err)
		}
	}
	if _, _, ok, err := PeekClient(nil); ok || err != nil {
		t.Errorf("no bytes: %v %v", ok, err)
	}
}

func TestCString(t *testing.T) {
	s, rest, ok := CString([]byte("a\x00b"))
	if string(s) != "a" || string(rest) != "b" || !ok {
		t.Errorf("%q %q %v", s, rest, ok)
	}
	if s, rest, ok = CString([]byte("ab")); s != nil || string(rest) != "ab" || ok {
		t.Errorf("%q %q %v", s, rest, ok)
	}
}

// Whatever a client sends, each frame is taken at its own length and no byte
// is passed over.
func FuzzPeekClient(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x0dselect 1\x00S\x00\x00\x00\x04"))
	f.Add([]byte("X\x00\x00\x00\x04"))
	f.Add([]byte("d\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var again []byte
		for rest := stream; ; {
			typ, total, ok, err := PeekClient(rest)
			if err != nil || !ok || total > len(rest) {
				if ok && err != nil {
					t.Fatal("both a frame and an error")
				}
				again = append(again, rest...)
				break
			}
			if total < HeaderLen {
				t.Fatalf("frame of %d bytes", total)
			}
			again = AppendFrame(again, typ, rest[HeaderLen:total]...)
			rest = rest[total:]
		}
		if !bytes.Equal(again, stream) {
			t.Errorf("%q became %q", stream, again)
		}
	})
}
