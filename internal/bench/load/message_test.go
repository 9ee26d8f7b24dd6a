//go:build linux

package load

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// TestRequests reads our requests with pgproto3, a decoder of other hands.
func TestRequests(t *testing.T) {
	s, err := NewScript(10, "UPDATE t SET a = a + :delta WHERE b = :aid", "END")
	if err != nil {
		t.Fatal(err)
	}
	d := draw{17, 2, 3, -5}
	bind := func(name string) *pgproto3.Bind {
		return &pgproto3.Bind{PreparedStatement: name, Parameters: [][]byte{[]byte("-5"), []byte("17")}}
	}
	describe, execute, sync := &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{}
	parse := &pgproto3.Parse{Query: "UPDATE t SET a = a + $1 WHERE b = $2"}
	for _, c := range []struct {
		protocol Protocol
		step     int
		want     []pgproto3.FrontendMessage
	}{
		{Simple, 0, []pgproto3.FrontendMessage{&pgproto3.Query{String: "UPDATE t SET a = a + -5 WHERE b = 17"}}},
		{Simple, 1, []pgproto3.FrontendMessage{&pgproto3.Query{String: "END"}}},
		{Extended, 0, []pgproto3.FrontendMessage{parse, bind(""), describe, execute, sync}},
		{Prepared, 0, []pgproto3.FrontendMessage{bind("s0"), describe, execute, sync}},
	} {
		request := s.appendStep(nil, c.protocol, c.step, &d)
		in := pgproto3.NewBackend(bytes.NewReader(request), nil)
		for i, want := range c.want {
			got, err := in.Receive()
			if err != nil {
				t.Fatal(err)
			}
			if b, ok := got.(*pgproto3.Bind); ok { // nil and empty are the same here
				b.ParameterFormatCodes, b.ResultFormatCodes = nil, nil
			}
			if p, ok := got.(*pgproto3.Parse); ok && len(p.ParameterOIDs) == 0 {
				p.ParameterOIDs = nil
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, message %d: got %+v, want %+v", c.protocol, i, got, want)
			}
		}
		if _, err := in.Receive(); err == nil {
			t.Errorf("%s: a message too many", c.protocol)
		}
	}
}

// answers is a stream with everything scan tells apart.
var answers = []byte("T\x00\x00\x00\x06\x00\x00E\x00\x00\x00\x10SERROR\x00Mno\x00\x00Z\x00\x00\x00\x05IC\x00\x00\x00\x04Z\x00\x00\x00\x05T")

func TestScanInPieces(t *testing.T) {
	for size := 1; size <= len(answers); size++ {
		var s scan
		ready, failed := 0, 0
		for b := answers; len(b) > 0; b = b[min(size, len(b)):] {
			r, f, err := s.feed(b[:min(size, len(b))])
			if err != nil {
				t.Fatal(err)
			}
			ready, failed = ready+r, failed+f
		}
		if ready != 2 || failed != 1 || errorText(s.text) != " no" {
			t.Errorf("in pieces of %d: %d ready, %d failed, %q", size, ready, failed, s.text)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(answers, 3)
	f.Add([]byte("E\xff\xff\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		var whole, parts scan
		at = max(0, min(at, len(b)))
		r, failed, err := whole.feed(b)
		r1, f1, err1 := parts.feed(b[:at])
		if err1 == nil {
			r2, f2, err2 := parts.feed(b[at:])
			r1, f1, err1 = r1+r2, f1+f2, err2
		}
		if r != r1 || failed != f1 || err != err1 || len(whole.text) > keep {
			t.Errorf("whole %d %d %v, in two pieces %d %d %v", r, failed, err, r1, f1, err1)
		}
	})
}
