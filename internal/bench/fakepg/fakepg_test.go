//go:build linux

package fakepg

import (
	"bytes"
	"io"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestADriverUnderstands talks to the server with pgconn: the answers are
// canned, but they are PostgreSQL's protocol.
func TestADriverUnderstands(t *testing.T) {
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := pgconn.Connect(t.Context(), "postgres://u@"+s.Addr(Primary)+"/d?sslmode=prefer&application_name=bench")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ParameterStatus("application_name"); got != "bench" {
		t.Errorf("application_name is %q", got)
	}
	for _, q := range []struct {
		sql    string
		tag    string
		rows   int
		status byte
	}{
		{"SELECT abalance FROM pgbench_accounts", "SELECT 1", 1, 'I'},
		{" begin", "BEGIN", 0, 'T'},
		{"SELECT canned(65536)", "SELECT 64", 64, 'T'},
		{"END", "COMMIT", 0, 'I'},
		{"SELECT canned(-5)", "SELECT 0", 0, 'I'},
		{"DISCARD ALL", "DISCARD ALL", 0, 'I'},
		{"SET a TO b", "SET", 0, 'I'},
	} {
		r, err := c.Exec(t.Context(), q.sql).ReadAll()
		if err != nil || len(r) != 1 || r[0].CommandTag.String() != q.tag || len(r[0].Rows) != q.rows || c.TxStatus() != q.status {
			t.Errorf("%s: %+v, status %c, %v", q.sql, r, c.TxStatus(), err)
		}
	}
	if r := c.ExecParams(t.Context(), "SELECT $1", [][]byte{[]byte("1")}, nil, nil, nil).Read(); r.Err != nil || len(r.Rows) != 1 {
		t.Errorf("extended: %+v", r)
	}
	if d, err := c.Prepare(t.Context(), "s", "SELECT $1", nil); err != nil || len(d.ParamOIDs) != 1 || len(d.Fields) != 1 {
		t.Errorf("prepare: %+v, %v", d, err)
	}
	if err := c.Close(t.Context()); err != nil || s.Unknown() != 0 {
		t.Errorf("close: %v; %d unknown messages", err, s.Unknown())
	}
}

var conversation = []byte("Q\x00\x00\x00\x0aBEGIN\x00P\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x04p\x00\x00\x00\x04")

func TestUnknownIsCounted(t *testing.T) {
	c := conn{status: 'I'}
	if n, err := c.take(conversation); n != 1 || err != nil {
		t.Errorf("%d unknown, %v", n, err)
	}
}

func FuzzTake(f *testing.F) {
	f.Add(conversation, 7)
	f.Add([]byte("Q\x00\x00\x00\x13 canned(99999999)\x00"), 2)
	f.Add([]byte("Q\xff\xff\xff\xff"), 0)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		at = max(0, min(at, len(b)))
		whole, parts := conn{status: 'I'}, conn{status: 'I'}
		_, err := whole.take(b)
		_, err1 := parts.take(b[:at])
		if err1 == nil {
			_, err1 = parts.take(b[at:])
		}
		if (err == nil) != (err1 == nil) || !bytes.Equal(whole.out, parts.out) {
			t.Errorf("whole %d bytes, %v; in two pieces %d bytes, %v", len(whole.out), err, len(parts.out), err1)
		}
	})
}

func FuzzStartup(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f\x00\x00\x00\x10\x00\x03\x00\x00user\x00u\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var out bytes.Buffer
		err := startup(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(b), &out}, Primary)
		if err == nil && !bytes.HasSuffix(out.Bytes(), []byte("Z\x00\x00\x00\x05I")) {
			t.Errorf("let in without ReadyForQuery: %q", out.Bytes())
		}
	})
}
