package scatter

import (
	"io"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// played is a conn whose server has said all it will say, in pieces.
type played struct {
	said  []byte
	piece int
	sent  []byte
}

func (p *played) Send(out []byte) error { p.sent = append(p.sent, out...); return nil }

func (p *played) Recv(b *protocol.Buffer) error {
	if len(p.said) == 0 {
		return io.EOF
	}
	n := copy(b.Space(), p.said[:min(p.piece, len(p.said))])
	b.W += n
	p.said = p.said[n:]
	return nil
}

func row(text string) []byte {
	body := append([]byte{0, 1, 0, 0, 0, byte(len(text))}, text...)
	return protocol.AppendFrame(nil, 'D', body...)
}

func answer(rows ...string) []byte {
	b := protocol.AppendFrame(nil, '1')
	b = protocol.AppendFrame(b, '2')
	b = protocol.AppendTextColumn(b, "x")
	b = append(b, pgerror.New("00000", "by the way").AppendNotice(nil)...)
	for _, r := range rows {
		b = append(b, row(r)...)
	}
	b = protocol.AppendCommandComplete(b, "SELECT 2")
	return protocol.AppendReady(b, 'T')
}

func TestStream(t *testing.T) {
	for piece := 1; piece < 40; piece++ {
		var seen []byte
		p := &played{said: answer("a", "bc"), piece: piece}
		s, err := Open(p, []byte("ask"), 0, func(typ byte, _ []byte) { seen = append(seen, typ) })
		if err != nil || string(p.sent) != "ask" {
			t.Fatal(err, p.sent)
		}
		if ok, err := s.Described(); !ok || err != nil || s.Columns == nil {
			t.Fatal(ok, err)
		}
		var got []string
		for {
			r, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			if r == nil {
				break
			}
			got = append(got, string(r[11:]))
		}
		if err := s.Finish(); err != nil || s.Status != 'T' || s.Tag != "SELECT 2" || !s.Finished() {
			t.Fatal(err, s)
		}
		if strings.Join(got, " ") != "a bc" || string(seen) != "N" {
			t.Errorf("pieces of %d: got %q, saw %q", piece, got, seen)
		}
		s.Close()
	}
}

func TestStreamRefused(t *testing.T) {
	b := protocol.AppendFrame(nil, '1')
	b = append(b, pgerror.New("22012", "division by zero").AppendFrame(nil)...)
	s, _ := Open(&played{said: protocol.AppendReady(b, 'E'), piece: 7}, nil, 0, nil)
	if ok, err := s.Described(); ok || err != nil || s.Refusal.Code != "22012" {
		t.Fatal(ok, err, s.Refusal)
	}
	if r, err := s.Next(); r != nil || err != nil {
		t.Fatal(r, err)
	}
	if err := s.Finish(); err != nil || s.Status != 'E' {
		t.Fatal(err, s.Status)
	}
}

func TestStreamEndsBadly(t *testing.T) {
	for name, said := range map[string][]byte{
		"cut off":    answer("a")[:20],
		"fatal":      pgerror.Fatal("57P01", "bye").AppendFrame(nil),
		"no message": {'?', 0, 0, 0, 4},
		"bad length": {'D', 0, 0, 0, 1},
		"too long":   row(strings.Repeat("x", 200)),
		"half ready": {'Z', 0, 0, 0, 4},
	} {
		s, _ := Open(&played{said: said, piece: 100}, nil, 100, func(byte, []byte) {})
		if err := s.Finish(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestAnother: of two descriptions in one answer, the second is read when the
// first is forgotten.
func TestAnother(t *testing.T) {
	first := protocol.AppendTextColumn(protocol.AppendFrame(protocol.AppendFrame(nil, '1'), 't', 0, 0), "first")
	s, err := Open(&played{said: append(first, answer("a")...), piece: 9}, nil, 0, func(byte, []byte) {})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, want := range []string{"first", "x"} {
		if ok, err := s.Described(); !ok || err != nil || !strings.HasPrefix(string(s.Columns[2:]), want+"\x00") {
			t.Fatalf("%q: %v, %v, %q", want, ok, err, s.Columns)
		}
		s.Another()
	}
	if r, err := s.Next(); r == nil || err != nil || s.Parameters == nil {
		t.Error(r, err, s.Parameters)
	}
	if err := s.Finish(); err != nil || s.Tag != "SELECT 2" {
		t.Error(err, s.Tag)
	}
}
