package pgerror

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// The frame is checked with an independent decoder.
func TestAppendFrame(t *testing.T) {
	e := Fatalf(TooManyConnections, "sorry, too many %s", "clients").WithHint("raise\x00 it").WithDetail("d")
	e.Position = 7
	frame := e.AppendFrame([]byte("x"))[1:]
	if frame[0] != 'E' || int(frame[4])+1 != len(frame) {
		t.Fatalf("bad header % x", frame[:5])
	}
	var got pgproto3.ErrorResponse
	if err := got.Decode(frame[5:]); err != nil {
		t.Fatal(err)
	}
	if got.Severity != "FATAL" || got.SeverityUnlocalized != "FATAL" || got.Code != "53300" ||
		got.Message != "sorry, too many clients" || got.Hint != "raise it" || got.Detail != "d" || got.Position != 7 {
		t.Errorf("decoded %+v", got)
	}
	back := Parse(frame[5:])
	if back.Code != e.Code || back.Message != e.Message || !back.IsFatal() || back.Position != 7 {
		t.Errorf("Parse gives %+v", back)
	}
	if string(Code(frame[5:])) != "53300" {
		t.Errorf("Code gives %q", Code(frame[5:]))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("SERROR\x00C42601\x00Msyntax\x00\x00"))
	f.Add([]byte("C"))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, body []byte) {
		e := Parse(body)
		if again := Parse(e.AppendFrame(nil)[5:]); again.Message != e.Message && e.Message != "" {
			t.Errorf("message %q became %q", e.Message, again.Message)
		}
		_ = Code(body)
	})
}
