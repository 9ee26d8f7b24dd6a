package admin

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestGreeting(t *testing.T) {
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- New(newProxy()).Serve(context.Background(), far, Session{Role: Viewer, BackendKey: []byte{0, 0, 0, 5, 9, 8, 7, 6}})
	}()
	f := pgproto3.NewFrontend(near, near)
	status := map[string]string{}
	for ready := false; !ready; {
		msg, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m := msg.(type) {
		case *pgproto3.ParameterStatus:
			status[m.Name] = m.Value
		case *pgproto3.BackendKeyData:
			if m.ProcessID != 5 || string(m.SecretKey) != "\x09\x08\x07\x06" {
				t.Errorf("key %+v", m)
			}
		case *pgproto3.ReadyForQuery:
			ready = true
		}
	}
	for name, want := range map[string]string{"server_version": "1.25.2/wye", "client_encoding": "UTF8", "DateStyle": "ISO, MDY",
		"standard_conforming_strings": "on", "integer_datetimes": "on", "TimeZone": "GMT"} {
		if status[name] != want {
			t.Errorf("%s = %q, want %q", name, status[name], want)
		}
	}
	f.Send(&pgproto3.Terminate{})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after Terminate: %v", err)
	}
}

func TestExtended(t *testing.T) {
	c := dial(t, newProxy(), Session{User: "v", Role: Viewer})
	sync := &pgproto3.Sync{}
	for _, step := range []struct {
		name string
		say  []pgproto3.FrontendMessage
		want string
	}{
		{"unnamed", []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "SHOW STATE"}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Bind{},
			&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, sync},
			"ParseComplete, ParameterDescription, T2, BindComplete, T2, D active|yes, D paused|no, D suspended|no, C SHOW, Z I"},
		{"row limit", []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "SHOW STATE"}, &pgproto3.Bind{}, &pgproto3.Execute{MaxRows: 2}, &pgproto3.Execute{MaxRows: 2}, sync},
			"ParseComplete, BindComplete, D active|yes, D paused|no, PortalSuspended, D suspended|no, C SHOW, Z I"},
		{"error skips to sync", []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "BOGUS"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Query{String: "SHOW VERSION"}, sync},
			"E 42601, Z I"},
		{"portal dies at sync", []pgproto3.FrontendMessage{&pgproto3.Execute{}, sync}, "E 34000, Z I"},
		{"named", []pgproto3.FrontendMessage{&pgproto3.Parse{Name: "s", Query: "SELECT 1"}, sync}, "ParseComplete, Z I"},
		{"named again", []pgproto3.FrontendMessage{&pgproto3.Parse{Name: "s", Query: "SELECT 1"}, sync}, "E 42P05, Z I"},
		{"named use", []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: "s"}, &pgproto3.Execute{}, sync}, "BindComplete, D 1, C SELECT 1, Z I"},
		{"parameters", []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{nil}}, sync}, "E 08P01, Z I"},
		{"formats", []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: "s", ResultFormatCodes: []int16{0, 1}}, sync}, "E 08P01, Z I"},
		{"close", []pgproto3.FrontendMessage{&pgproto3.Close{ObjectType: 'S', Name: "s"}, &pgproto3.Bind{PreparedStatement: "s"}, sync}, "CloseComplete, E 26000, Z I"},
		{"empty", []pgproto3.FrontendMessage{&pgproto3.Parse{}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Bind{}, &pgproto3.Execute{}, sync},
			"ParseComplete, ParameterDescription, NoData, BindComplete, EmptyQueryResponse, Z I"},
		{"two commands", []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "SELECT 1; SELECT 2"}, sync}, "E 42601, Z I"},
		{"rights", []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "PAUSE"}, sync}, "E 42501, Z I"},
		{"begin", []pgproto3.FrontendMessage{&pgproto3.Parse{Query: "BEGIN"}, &pgproto3.Bind{}, &pgproto3.Execute{}, sync}, "ParseComplete, BindComplete, C BEGIN, Z T"},
		{"portal lives in a transaction", []pgproto3.FrontendMessage{&pgproto3.Execute{}, sync}, "C BEGIN, Z T"},
		{"function call", []pgproto3.FrontendMessage{&pgproto3.FunctionCall{}}, "E 0A000, Z E"},
	} {
		c.say(step.say...)
		if got := strings.Join(c.until("Z"), ", "); got != step.want {
			t.Errorf("%s\n got %s\nwant %s", step.name, got, step.want)
		}
	}
}

// Flush alone must bring the answers out.
func TestFlush(t *testing.T) {
	c := dial(t, newProxy(), Session{Role: Viewer})
	c.say(&pgproto3.Parse{Query: "SELECT 1"}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Flush{})
	if got := c.until("C"); got[len(got)-1] != "C SELECT 1" {
		t.Errorf("got %q", got)
	}
}

func TestObjectsAreBounded(t *testing.T) {
	c := dial(t, newProxy(), Session{Role: Viewer})
	for i := range maxObjects + 1 {
		c.say(&pgproto3.Parse{Name: string(rune('a'+i%26)) + string(rune('a'+i/26)), Query: "SELECT 1"}, &pgproto3.Sync{})
		got := c.until("Z")
		if refused := got[0] == "E 53400"; refused != (i == maxObjects) {
			t.Fatalf("statement %d: %q", i, got)
		}
	}
}

// A cancel request reaches the verb that waits, and nothing else.
func TestInterrupt(t *testing.T) {
	p, interrupt := newProxy(), &Interrupt{}
	interrupt.Fire()
	c := dial(t, p, Session{Role: Admin, Interrupt: interrupt})
	c.say(&pgproto3.Query{String: "PAUSE slow"})
	<-p.slow
	interrupt.Fire()
	if got := c.until("Z"); !slices.Equal(got, []string{"E 57014", "Z I"}) {
		t.Errorf("interrupted: %q", got)
	}
	interrupt.Fire()
	if got := c.ask("SELECT 1"); got[1] != "D 1" {
		t.Errorf("afterwards: %q", got)
	}
}

// When the process drains, a session that waits, for a verb or for its client,
// is told so.
func TestContextEnds(t *testing.T) {
	for _, waits := range []string{"verb", "client"} {
		ctx, cancel := context.WithCancel(context.Background())
		near, far := net.Pipe()
		p, done := newProxy(), make(chan error, 1)
		go func() { done <- New(p).Serve(ctx, far, Session{Role: Admin}) }()
		c := &client{pgproto3.NewFrontend(near, near), t, near}
		c.until("Z")
		if waits == "verb" {
			c.say(&pgproto3.Query{String: "PAUSE slow"})
			<-p.slow
		}
		cancel()
		if err := far.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if got := c.until("E"); got[0] != "E 57P01" {
			t.Errorf("%s: %q", waits, got)
		}
		if err := <-done; err != nil {
			t.Errorf("%s: %v", waits, err)
		}
	}
}

func TestHostileBytes(t *testing.T) {
	long := binary.BigEndian.AppendUint32([]byte("Q"), maxMessage+100)
	for name, tc := range map[string]struct {
		bytes []byte
		want  string
	}{
		"unknown type":    {[]byte{'?', 0, 0, 0, 4}, "E 08P01"},
		"negative length": {[]byte{'Q', 0xff, 0xff, 0xff, 0xff}, "E 08P01"},
		"too long":        {long, "E 54000"},
		"password":        {[]byte{'p', 0, 0, 0, 5, 0}, "E 08P01"},
		"bad bind":        {[]byte{'B', 0, 0, 0, 6, 0, 0}, "E 08P01"},
	} {
		c := dial(t, newProxy(), Session{Role: Admin})
		go c.conn.Write(tc.bytes) // the pipe has no buffer: the session may stop reading half-way
		if got := c.until("E"); got[0] != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzServe gives a session arbitrary bytes; it must end, and not by a panic.
func FuzzServe(f *testing.F) {
	encode := func(messages ...pgproto3.FrontendMessage) []byte {
		var out []byte
		for _, m := range messages {
			out, _ = m.Encode(out)
		}
		return out
	}
	f.Add(encode(&pgproto3.Query{String: "SHOW POOLS; SHOW STATS"}, &pgproto3.Terminate{}))
	f.Add(encode(&pgproto3.Parse{Query: "SHOW CLIENTS"}, &pgproto3.Bind{ResultFormatCodes: []int16{1}},
		&pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{MaxRows: 1}, &pgproto3.Execute{}, &pgproto3.Sync{}))
	f.Add([]byte{'Q', 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		p := newProxy()
		wire := struct {
			io.Reader
			io.Writer
		}{strings.NewReader(string(in)), io.Discard}
		_ = New(p).Serve(t.Context(), wire, Session{Role: Viewer})
		if calls := p.taken(); len(calls) > 0 {
			t.Fatalf("a viewer did %q", calls)
		}
	})
}
