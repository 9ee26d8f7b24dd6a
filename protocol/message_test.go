package protocol

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// decode reads frames as a client would, with an independent decoder.
func decode[M pgproto3.BackendMessage](t *testing.T, frames []byte) M {
	t.Helper()
	m, err := pgproto3.NewFrontend(bytes.NewReader(frames), nil).Receive()
	must(t, err)
	got, ok := m.(M)
	if !ok {
		t.Fatalf("decoded as %T", m)
	}
	return got
}

// decodeRequest reads frames as a server would.
func decodeRequest(t *testing.T, frames []byte) (list []pgproto3.FrontendMessage) {
	t.Helper()
	in := bytes.NewReader(frames)
	for server := pgproto3.NewBackend(in, nil); ; {
		m, err := server.Receive()
		if err != nil {
			return list
		}
		// The decoder reuses its messages.
		c := reflect.New(reflect.TypeOf(m).Elem())
		c.Elem().Set(reflect.ValueOf(m).Elem())
		list = append(list, c.Interface().(pgproto3.FrontendMessage))
	}
}

// front stands for what dst holds already: it must stay.
var front = []byte("front")

func tail(t *testing.T, b []byte) []byte {
	t.Helper()
	if !bytes.HasPrefix(b, front) {
		t.Fatalf("what stood in front is gone: %q", b)
	}
	return b[len(front):]
}

func TestAppendAnswers(t *testing.T) {
	for _, status := range []byte{TxIdle, TxOpen, TxFailed} {
		if m := decode[*pgproto3.ReadyForQuery](t, tail(t, AppendReady(front, status))); m.TxStatus != status {
			t.Errorf("status %q", m.TxStatus)
		}
	}
	if m := decode[*pgproto3.CommandComplete](t, tail(t, AppendCommandComplete(front, "SELECT 1"))); string(m.CommandTag) != "SELECT 1" {
		t.Errorf("tag %q", m.CommandTag)
	}
	if m := decode[*pgproto3.ParameterStatus](t, tail(t, AppendParameterStatus(front, "TimeZone", ""))); m.Name != "TimeZone" || m.Value != "" {
		t.Errorf("%+v", m)
	}
	key := bytes.Repeat([]byte{7}, 32)
	if m := decode[*pgproto3.BackendKeyData](t, tail(t, AppendBackendKey(front, 1<<31-1, key))); m.ProcessID != 1<<31-1 || !bytes.Equal(m.SecretKey, key) {
		t.Errorf("%+v", m)
	}
	decode[*pgproto3.AuthenticationOk](t, tail(t, AppendAuthenticationOk(front)))
	if m := decode[*pgproto3.AuthenticationMD5Password](t, tail(t, AppendAuthentication(front, []byte{0, 0, 0, 5, 1, 2, 3, 4}))); m.Salt != [4]byte{1, 2, 3, 4} {
		t.Errorf("%+v", m)
	}
	decode[*pgproto3.ParseComplete](t, tail(t, AppendFrame(front, '1')))
}

func TestAppendNegotiate(t *testing.T) {
	for _, unknown := range [][]string{nil, {"_pq_.a"}, {"_pq_.a", "_pq_.b"}} {
		b := tail(t, AppendNegotiate(front, Version32, unknown))
		want := "v\x00\x00\x00" + string(rune(12+7*len(unknown))) + "\x00\x03\x00\x02\x00\x00\x00" + string(rune(len(unknown)))
		for _, u := range unknown {
			want += u + "\x00"
		}
		if string(b) != want {
			t.Errorf("got %q, want %q", b, want)
		}
	}
}

func TestAppendRequests(t *testing.T) {
	got := decodeRequest(t, tail(t, AppendQuery(front, "select 1")))
	if want := []pgproto3.FrontendMessage{&pgproto3.Query{String: "select 1"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	got = decodeRequest(t, tail(t, AppendParse(front, "s", "select $1", []byte{0, 1, 0, 0, 0, 23})))
	if want := []pgproto3.FrontendMessage{&pgproto3.Parse{Name: "s", Query: "select $1", ParameterOIDs: []uint32{23}}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got[0])
	}
	got = decodeRequest(t, tail(t, AppendClose(front, "s")))
	if want := []pgproto3.FrontendMessage{&pgproto3.Close{ObjectType: 'S', Name: "s"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got[0])
	}
}

func TestAppendTextQuery(t *testing.T) {
	value, empty := "it's \\ a $1 'value'", ""
	got := decodeRequest(t, tail(t, AppendTextQuery(front, "select $1, $2, $3", &value, nil, &empty)))
	if len(got) != 4 {
		t.Fatalf("%d messages", len(got))
	}
	if p := got[0].(*pgproto3.Parse); p.Name != "" || p.Query != "select $1, $2, $3" || len(p.ParameterOIDs) != 0 {
		t.Errorf("%+v", p)
	}
	b := got[1].(*pgproto3.Bind)
	if b.DestinationPortal != "" || b.PreparedStatement != "" || len(b.ParameterFormatCodes) != 0 || len(b.ResultFormatCodes) != 0 {
		t.Errorf("%+v", b)
	}
	if len(b.Parameters) != 3 || string(b.Parameters[0]) != value || b.Parameters[1] != nil || b.Parameters[2] == nil || len(b.Parameters[2]) != 0 {
		t.Errorf("arguments %q", b.Parameters)
	}
	if e := got[2].(*pgproto3.Execute); e.Portal != "" || e.MaxRows != 0 {
		t.Errorf("%+v", e)
	}
	if _, ok := got[3].(*pgproto3.Sync); !ok {
		t.Errorf("%T", got[3])
	}
}

// A NUL in a name or text would end it early, and let what follows be read
// as the next field.
func TestNulEndsAString(t *testing.T) {
	for _, frame := range [][]byte{
		AppendQuery(nil, "select 1\x00drop"), AppendCommandComplete(nil, "SELECT\x00drop"),
		AppendParameterStatus(nil, "a\x00drop", "b\x00drop"), AppendParse(nil, "a\x00drop", "b\x00drop", []byte{0, 0}),
		AppendClose(nil, "a\x00drop"), AppendNegotiate(nil, Version30, []string{"a\x00drop"}),
	} {
		if bytes.Contains(frame, []byte("drop")) {
			t.Errorf("%q", frame)
		}
	}
}

func TestAppendRenamed(t *testing.T) {
	bind, err := (&pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "old", Parameters: [][]byte{[]byte("x"), nil}}).Encode(nil)
	must(t, err)
	body := bind[HeaderLen:]
	for _, name := range []string{"", "n", strings.Repeat("n", 100)} {
		got := decodeRequest(t, tail(t, AppendRenamed(front, 'B', body, 2, 5, name)))
		want := &pgproto3.Bind{DestinationPortal: "p", PreparedStatement: name, Parameters: [][]byte{[]byte("x"), nil}}
		b := got[0].(*pgproto3.Bind)
		if b.DestinationPortal != want.DestinationPortal || b.PreparedStatement != name || !reflect.DeepEqual(b.Parameters, want.Parameters) {
			t.Errorf("%+v", b)
		}
	}
}

func TestDataRow(t *testing.T) {
	row, err := (&pgproto3.DataRow{Values: [][]byte{[]byte("a"), nil, {}}}).Encode(nil)
	must(t, err)
	if own := AppendDataRow(nil, [][]byte{[]byte("a"), nil, {}}); !bytes.Equal(own, row) {
		t.Fatalf("% x, want % x", own, row)
	}
	body := row[HeaderLen:]
	var got []string
	ok := DataRow(body, func(i int, v []byte) {
		if i != len(got) {
			t.Errorf("column %d comes at %d", i, len(got))
		}
		if v == nil {
			got = append(got, "NULL")
		} else {
			got = append(got, "="+string(v))
		}
	})
	if !ok || strings.Join(got, " ") != "=a NULL =" {
		t.Errorf("%v %v", ok, got)
	}
	for n := range body {
		if DataRow(body[:n], func(int, []byte) {}) {
			t.Errorf("the first %d bytes pass for a row", n)
		}
	}
	for name, bad := range map[string]string{
		"a length below -1": "\x00\x01\xff\xff\xff\xfe",
		"bytes behind":      "\x00\x00x",
		"longer than all":   "\x00\x01\x7f\xff\xff\xffx",
	} {
		if DataRow([]byte(bad), func(int, []byte) {}) {
			t.Errorf("%s passes for a row", name)
		}
	}
}

func FuzzDataRow(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x00\x00\x01a"))
	f.Add([]byte("\x00\x02\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var values [][]byte
		ok := DataRow(body, func(_ int, v []byte) { values = append(values, v) })
		var m pgproto3.DataRow
		if err := m.Decode(body); ok && err != nil {
			t.Fatalf("pgproto3 refuses it: %v", err)
		}
		if ok && (len(values) != len(m.Values) || len(values) > 0 && !reflect.DeepEqual(values, m.Values)) {
			t.Errorf("got %q, pgproto3 has %q", values, m.Values)
		}
	})
}

func TestParseParameterStatus(t *testing.T) {
	for body, want := range map[string]Param{"a\x00b\x00": {"a", "b"}, "a\x00\x00": {"a", ""}, "\x00\x00": {}} {
		if p, ok := ParseParameterStatus([]byte(body)); !ok || p != want {
			t.Errorf("%q: %v %v", body, p, ok)
		}
	}
	for _, body := range []string{"", "a", "a\x00", "a\x00b"} {
		if p, ok := ParseParameterStatus([]byte(body)); ok {
			t.Errorf("%q passes as %v", body, p)
		}
	}
}

func FuzzParseParameterStatus(f *testing.F) {
	f.Add([]byte("TimeZone\x00UTC\x00"))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, ok := ParseParameterStatus(body)
		if ok && !bytes.HasPrefix(body, AppendParameterStatus(nil, p.Name, p.Value)[HeaderLen:]) {
			t.Errorf("%q became %+v", body, p)
		}
	})
}
