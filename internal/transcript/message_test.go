package transcript

import (
	"bytes"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Lines are encoded as pgproto3 does it, an encoder of other hands.
func TestMessagesAgainstPgproto3(t *testing.T) {
	for line, want := range map[string]pgproto3.FrontendMessage{
		`Q "select 1"`:               &pgproto3.Query{String: "select 1"},
		`P s1 "select $1" [int4 25]`: &pgproto3.Parse{Name: "s1", Query: "select $1", ParameterOIDs: []uint32{23, 25}},
		`B p s [0 1] ["a" null] [1]`: &pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s", ParameterFormatCodes: []int16{0, 1}, Parameters: [][]byte{[]byte("a"), nil}, ResultFormatCodes: []int16{1}},
		`B "" ""`:                    &pgproto3.Bind{},
		`D S s1`:                     &pgproto3.Describe{ObjectType: 'S', Name: "s1"},
		`C P ""`:                     &pgproto3.Close{ObjectType: 'P'},
		`E "" 7`:                     &pgproto3.Execute{MaxRows: 7},
		`S`:                          &pgproto3.Sync{},
		`H`:                          &pgproto3.Flush{},
		`X`:                          &pgproto3.Terminate{},
		`d x'00ff'`:                  &pgproto3.CopyData{Data: []byte{0, 255}},
		`c`:                          &pgproto3.CopyDone{},
		`f "no"`:                     &pgproto3.CopyFail{Message: "no"},
		`F 177 [1] [x'00' null] 1`:   &pgproto3.FunctionCall{Function: 177, ArgFormatCodes: []uint16{1}, Arguments: [][]byte{{0}, nil}, ResultFormatCode: 1},
		`ssl`:                        &pgproto3.SSLRequest{},
		`gss`:                        &pgproto3.GSSEncRequest{},
		`startup user="a b"`:         &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "a b"}},
		`startup version=3.2 user=a`: &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion32, Parameters: map[string]string{"user": "a"}},
		`raw Q "x\x00"`:              &pgproto3.Query{String: "x"},
		`len 6 Q "x\x00"`:            &pgproto3.Query{String: "x"},
		`hex 51 00 00 00 06 78 00`:   &pgproto3.Query{String: "x"},
		`Q "ab"*3+"c"`:               &pgproto3.Query{String: "abababc"},
	} {
		got, err := message(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if b, _ := want.Encode(nil); !bytes.Equal(got, b) {
			t.Errorf("%s\n got %q\nwant %q", line, got, b)
		}
	}
	if got, err := message(`*3 Q "{i}"`); err != nil || !bytes.Equal(got, []byte("Q\x00\x00\x00\x060\x00Q\x00\x00\x00\x061\x00Q\x00\x00\x00\x062\x00")) {
		t.Errorf("repeated: %q, %v", got, err)
	}
}

func TestPrinted(t *testing.T) {
	for want, m := range map[string]pgproto3.BackendMessage{
		`T a:int4 b:text*2/b c:user~7`: &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{
			{Name: []byte("a"), DataTypeOID: 23, TypeModifier: -1},
			{Name: []byte("b"), DataTypeOID: 25, TypeModifier: -1, Format: 1, TableOID: 99999, TableAttributeNumber: 2},
			{Name: []byte("c"), DataTypeOID: 99999, TypeModifier: 7}}},
		`D ["x" null x'00']`:              &pgproto3.DataRow{Values: [][]byte{[]byte("x"), nil, {0}}},
		`C "SELECT 1"`:                    &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")},
		`Z E`:                             &pgproto3.ReadyForQuery{TxStatus: 'E'},
		`E ERROR 42601 "no" V="" pos="3"`: &pgproto3.ErrorResponse{Severity: "ERROR", Code: "42601", Message: "no", Position: 3},
		`S TimeZone=UTC`:                  &pgproto3.ParameterStatus{Name: "TimeZone", Value: "UTC"},
		`S server_version=*`:              &pgproto3.ParameterStatus{Name: "server_version", Value: "15.13"},
		`t [int4 user]`:                   &pgproto3.ParameterDescription{ParameterOIDs: []uint32{23, 70000}},
		`A chan "hello"`:                  &pgproto3.NotificationResponse{PID: 7, Channel: "chan", Payload: "hello"},
		`G binary 2`:                      &pgproto3.CopyInResponse{OverallFormat: 1, ColumnFormatCodes: []uint16{1, 1}},
		`K key of 4 bytes`:                &pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}},
		`V null`:                          &pgproto3.FunctionCallResponse{},
		`R ok`:                            &pgproto3.AuthenticationOk{},
		`R sasl SCRAM-SHA-256-PLUS SCRAM-SHA-256`: &pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}},
		`1`: &pgproto3.ParseComplete{},
	} {
		b, _ := m.Encode(nil)
		if got := printed(b[0], b[5:]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := printed('Z', []byte("Ix")); got != "Z I and 1 bytes too many" {
		t.Errorf("got %s", got)
	}
	if got := printed('T', []byte{0, 3, 'a'}); got != "T malformed 000361" {
		t.Errorf("got %s", got)
	}
}

// A server may send anything: printing it never panics and never runs away.
func FuzzPrinted(f *testing.F) {
	f.Add(byte('T'), []byte("\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00"))
	f.Add(byte('D'), []byte{0, 1, 0xff, 0xff, 0xff, 0xfe})
	f.Add(byte('v'), []byte{0, 3, 0, 0, 0x7f, 0xff, 0xff, 0xff})
	f.Add(byte('E'), []byte("SERROR\x00"))
	f.Add(byte('R'), []byte{0, 0, 0, 10, 'x'})
	f.Add(byte('H'), []byte{0, 0x80, 0})
	f.Fuzz(func(t *testing.T, typ byte, body []byte) {
		if len(printed(typ, body)) > 100+40*len(body) {
			t.Errorf("%c % x: runs away", typ, body)
		}
	})
}

// A script is written by hand; a slip must be an error, not a panic.
func FuzzMessage(f *testing.F) {
	for _, s := range []string{`Q "x"*3`, `B "" "" [1] [x'00' null] [0]`, `F 1 [] [] 0`, `raw Q ""`, `len 3 Q ""`, `*2 S`, `startup a=b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.ReplaceAll(line, "*", "") // repetition may well eat the fuzzer's memory
		if b, err := message(line); err == nil && len(b) > 64*len(line)+64 {
			t.Errorf("%q became %d bytes", line, len(b))
		}
	})
}
