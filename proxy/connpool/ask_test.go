package connpool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/wyeproxy/wye/internal/pgmock"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

var (
	ready    = &pgproto3.ReadyForQuery{TxStatus: 'I'}
	complete = &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")}
)

func row(values ...string) *pgproto3.DataRow {
	r := &pgproto3.DataRow{}
	for _, v := range values {
		r.Values = append(r.Values, []byte(v))
	}
	return r
}

// askOne acquires a conn to a server with this script, asks one thing, and
// releases it.
func askOne(t *testing.T, script func(*pgmock.Peer) error, check func(c *Conn, columns []string, status byte, err error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{script: script}, Limits{Size: 1})
		c := acquire(t, p)
		c.Unnamed = 5
		var columns []string
		status, err := c.Ask(protocol.AppendQuery(nil, "select 1"), func(_ int, v []byte) {
			columns = append(columns, string(v))
		})
		if c.Unnamed != 0 {
			t.Error("the unnamed statement is gone, and the conn does not know")
		}
		check(c, columns, status, err)
		p.Release(c)
	})
}

func TestAsk(t *testing.T) {
	askOne(t, answering(&pgproto3.RowDescription{}, row("a"), row("b"), complete, ready),
		func(c *Conn, columns []string, status byte, err error) {
			if err != nil || status != 'I' || strings.Join(columns, " ") != "a b" || c.Doomed() {
				t.Errorf("%v %q %v", columns, status, err)
			}
		})
}

func TestAskRefused(t *testing.T) {
	refusal := &pgproto3.ErrorResponse{Severity: "ERROR", Code: "22023", Message: "no"}
	askOne(t, answering(refusal, &pgproto3.ReadyForQuery{TxStatus: 'E'}), func(c *Conn, _ []string, status byte, err error) {
		var e *pgerror.Error
		if !errors.As(err, &e) || e.Code != "22023" || status != 'E' || c.Status != 'E' || c.Doomed() {
			t.Errorf("%q %v", status, err)
		}
		c.Status = protocol.TxIdle
	})
}

// What comes unasked is kept, or taken in.
func TestAskUnasked(t *testing.T) {
	notice := &pgproto3.NotificationResponse{PID: 1, Channel: "c", Payload: "p"}
	askOne(t, answering(notice, &pgproto3.NoticeResponse{Message: "m"}, row("a"), &pgproto3.ParameterStatus{Name: "TimeZone", Value: "CET"}, notice, complete, ready),
		func(c *Conn, _ []string, _ byte, err error) {
			must(t, err)
			want, _ := pgmock.Encode(notice, notice)
			if !bytes.Equal(c.Unasked, want) {
				t.Errorf("notifications %q", c.Unasked)
			}
			if v, _ := c.Reported.Get("timezone"); v != "CET" {
				t.Errorf("reported %q", v)
			}
		})
	// Also what comes right behind the answer, in pieces.
	askOne(t, func(p *pgmock.Peer) error {
		if _, err := p.Next(); err != nil {
			return err
		}
		b, _ := pgmock.Encode(complete, ready, notice)
		_, _ = p.Write(b[:len(b)-3])
		time.Sleep(time.Second)
		_, _ = p.Write(b[len(b)-3:])
		return p.Serve()
	}, func(c *Conn, _ []string, _ byte, err error) {
		must(t, err)
		if want, _ := pgmock.Encode(notice); !bytes.Equal(c.Unasked, want) {
			t.Errorf("notifications %q", c.Unasked)
		}
	})
	many := make([]pgproto3.Message, 0, 300)
	for range 300 {
		many = append(many, &pgproto3.NotificationResponse{Channel: "c", Payload: strings.Repeat("x", 8000)})
	}
	askOne(t, answering(append(many, ready)...), func(c *Conn, _ []string, _ byte, err error) {
		must(t, err)
		if len(c.Unasked) == 0 || len(c.Unasked) > maxUnasked {
			t.Errorf("%d bytes kept", len(c.Unasked))
		}
	})
}

// The next borrower does not get what came for the last one.
func TestUnaskedEndsWithRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1})
		c := acquire(t, p)
		c.Unasked = []byte("A")
		p.Release(c)
		if c := acquire(t, p); c.Unasked != nil {
			t.Error("got another's notifications")
		}
		p.Release(c)
	})
}

func TestAskHostile(t *testing.T) {
	raw := func(s string) func(*pgmock.Peer) error {
		return func(p *pgmock.Peer) error {
			if _, err := p.Next(); err != nil {
				return err
			}
			_, _ = p.Write([]byte(s))
			_, _ = io.Copy(io.Discard, p)
			return nil
		}
	}
	fatal, _ := pgmock.Encode(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P01", Message: "terminating connection"})
	for name, script := range map[string]func(*pgmock.Peer) error{
		"hangs up":            func(p *pgmock.Peer) error { _, err := p.Next(); return err },
		"ends the session":    raw(string(fatal)),
		"says nothing":        raw(""),
		"half a message":      raw("D\x00\x00\x00\x08ab"),
		"length of 3":         raw("D\x00\x00\x00\x03"),
		"17 MiB announced":    raw("D\x01\x10\x00\x00"),
		"malformed row":       raw("D\x00\x00\x00\x08\x00\x02ab" + "Z\x00\x00\x00\x05I"),
		"no status":           raw("Z\x00\x00\x00\x04"),
		"status of no kind":   raw("Z\x00\x00\x00\x05X"),
		"wants copy data":     raw("G\x00\x00\x00\x07\x00\x00\x00"),
		"begins a copy":       raw("H\x00\x00\x00\x07\x00\x00\x00"),
		"logs us in again":    raw("R\x00\x00\x00\x08\x00\x00\x00\x00"),
		"ready twice":         raw("Z\x00\x00\x00\x05IZ\x00\x00\x00\x05I"),
		"a row too many":      raw("Z\x00\x00\x00\x05ID\x00\x00\x00\x06\x00\x00"),
		"an error too many":   raw("Z\x00\x00\x00\x05IE\x00\x00\x00\x05\x00"),
		"half a message more": raw("Z\x00\x00\x00\x05IA\x00\x00"),
		"of another world":    raw("\x00\x00\x00\x00\x08abcd"),
	} {
		t.Run(name, func(t *testing.T) {
			askOne(t, script, func(c *Conn, _ []string, _ byte, err error) {
				var e *pgerror.Error
				if err == nil || errors.As(err, &e) || !c.Doomed() {
					t.Errorf("got %v, doomed %v", err, c.Doomed())
				}
				if name == "says nothing" && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// Deadlines do not outlive the question.
func TestAskTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{script: answering(complete, ready)}, Limits{Size: 1})
		c := acquire(t, p)
		for range 3 {
			time.Sleep(2 * askTimeout)
			_, err := c.Ask(protocol.AppendQuery(nil, "x"), nil)
			must(t, err)
		}
		p.Release(c)
	})
}

// A value of a client's may be longer than what a socket takes at once, and
// longer than a buffer.
func TestAskLarge(t *testing.T) {
	long := strings.Repeat("v", 5<<20)
	askOne(t, answering(row("small"), row(long, "b"), complete, ready), func(c *Conn, columns []string, _ byte, err error) {
		must(t, err)
		if len(columns) != 3 || columns[1] != long || columns[2] != "b" {
			t.Errorf("%d columns", len(columns))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{script: func(p *pgmock.Peer) error {
			m, err := p.Next()
			if err != nil || len(m.Body) != len(long)+1 {
				return errors.New("a shorter text came")
			}
			return p.Send(row("ok"), complete, ready)
		}}, Limits{Size: 1})
		c := acquire(t, p)
		got := ""
		_, err := c.Ask(protocol.AppendQuery(nil, long), func(_ int, v []byte) { got = string(v) })
		if err != nil || got != "ok" {
			t.Errorf("%q %v", got, err)
		}
		p.Release(c)
	})
}

func TestConverse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{script: answering(&pgproto3.ParseComplete{}, row("a"), complete, ready)}, Limits{Size: 1})
		c := acquire(t, p)
		seen := ""
		_, err := c.Converse(protocol.AppendFrame(nil, 'S'), func(typ byte, body []byte) { seen += string(typ) })
		if err != nil || seen != "1DCZ" {
			t.Errorf("%q %v", seen, err)
		}
		p.Release(c)
	})
}

func TestNoteReportedIsBounded(t *testing.T) {
	c := &Conn{}
	for i := range 2000 {
		c.NoteReported(fmt.Appendf(nil, "p%d\x00%s\x00", i, strings.Repeat("v", 100)))
	}
	if n := c.Reported.size(); n < maxReported/2 || n > maxReported {
		t.Errorf("%d bytes remembered", n)
	}
	c.NoteReported([]byte("half"))
}

// stream is a server that has said everything already.
type stream struct {
	net.Conn
	in *bytes.Reader
}

func (s stream) Read(b []byte) (int, error)       { return s.in.Read(b) }
func (s stream) Write(b []byte) (int, error)      { return len(b), nil }
func (s stream) Close() error                     { return nil }
func (s stream) SetDeadline(time.Time) error      { return nil }
func (s stream) SetReadDeadline(time.Time) error  { return nil }
func (s stream) SetWriteDeadline(time.Time) error { return nil }

// Whatever a server answers, Ask comes back: in step, or doomed.
func FuzzAsk(f *testing.F) {
	welcome, err := pgmock.Encode(pgmock.Welcome(1, []byte("0123"))...)
	must(f, err)
	for _, seed := range [][]pgproto3.Message{
		{row("a", "b"), complete, ready},
		{&pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014"}, ready},
		{&pgproto3.NotificationResponse{Channel: "c"}, &pgproto3.ParameterStatus{Name: "a", Value: "b"}, ready},
	} {
		b, err := pgmock.Encode(seed...)
		must(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := login(stream{in: bytes.NewReader(append(bytes.Clone(welcome), answer...))})
		must(t, err)
		c := &Conn{ServerConn: s}
		rows := 0
		status, err := c.Ask(protocol.AppendFrame(nil, 'S'), func(int, []byte) { rows++ })
		var e *pgerror.Error
		inStep := err == nil || errors.As(err, &e)
		if inStep == c.Doomed() {
			t.Fatalf("%v, doomed %v", err, c.Doomed())
		}
		if inStep && status != 'I' && status != 'T' && status != 'E' {
			t.Fatalf("status %q", status)
		}
	})
}
