package protocol

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/wyeproxy/wye/internal/pgmock"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// trust believes a server that asks for nothing, and gives "secret" to one
// that asks for a password in the clear.
type trust struct{ cert *x509.Certificate }

func (trust) Step(body []byte) ([]byte, bool, error) {
	switch {
	case len(body) == 4 && body[3] == 0:
		return nil, true, nil
	case len(body) == 4 && body[3] == 3:
		return []byte("secret\x00"), false, nil
	}
	return nil, false, errors.New("unknown authentication")
}

func trusting(cert *x509.Certificate) Authenticator { return trust{cert} }

// mock plays a server; its script's errors fail the test.
func mock(t *testing.T, script func(*pgmock.Peer) error) *pgmock.Server {
	t.Helper()
	s, err := pgmock.Listen(script)
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func dial(t *testing.T, o DialOptions) (*ServerConn, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	o.Authenticator = trusting
	if o.Params == nil {
		o.Params = []Param{{"user", "u"}}
	}
	s, err := Dial(ctx, o)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func TestDial(t *testing.T) {
	m := mock(t, func(p *pgmock.Peer) error {
		code, body, err := p.First()
		if err != nil || code != pgmock.Version30 || string(body) != "user\x00u\x00database\x00d\x00\x00" {
			return errors.New("startup packet: " + string(body))
		}
		if err := p.Send(&pgproto3.NoticeResponse{Message: "hello"}, &pgproto3.AuthenticationCleartextPassword{}); err != nil {
			return err
		}
		if answer, err := p.Expect("p"); err != nil || string(answer.Body) != "secret\x00" {
			return errors.New("password message: " + string(answer.Body))
		}
		if err := p.Send(&pgproto3.AuthenticationOk{}, &pgproto3.ParameterStatus{Name: "a", Value: "1"}, &pgproto3.NoticeResponse{Message: "and"},
			&pgproto3.ParameterStatus{Name: "b"}, &pgproto3.BackendKeyData{ProcessID: 77, SecretKey: []byte("0123456789")},
			&pgproto3.ReadyForQuery{TxStatus: 'I'}); err != nil {
			return err
		}
		return p.Serve()
	})
	s, err := dial(t, DialOptions{Addr: m.Addr(), Params: []Param{{"user", "u"}, {"database", "d"}}})
	must(t, err)
	if s.Addr != m.Addr() || s.TLS || s.PID != 77 || string(s.Key) != "0123456789" || s.Status != TxIdle {
		t.Errorf("%+v", s)
	}
	if want := []Param{{"a", "1"}, {"b", ""}}; !reflect.DeepEqual(s.Reported, want) {
		t.Errorf("reported %v", s.Reported)
	}
	b := NewAnswerBuffer()
	defer b.Release()
	must(t, s.Exchange(AppendQuery(nil, "select 1"), b))
	if decode[*pgproto3.CommandComplete](t, b.Unread()).CommandTag == nil {
		t.Error("no answer")
	}
	s.Terminate()
}

func TestDialUnixAndIPv6(t *testing.T) {
	dir, err := os.MkdirTemp("", "wye")
	must(t, err)
	defer os.RemoveAll(dir)
	for network, addr := range map[string]string{"unix": filepath.Join(dir, ".s.PGSQL.5432"), "tcp6": "[::1]:0"} {
		t.Run(network, func(t *testing.T) {
			l, err := net.Listen(network, addr)
			if err != nil && network == "tcp6" {
				t.Skip("this machine has no IPv6:", err)
			}
			must(t, err)
			m := pgmock.Serve(l, func(p *pgmock.Peer) error {
				if err := p.Login(1, []byte("0123")); err != nil {
					return err
				}
				return p.Serve()
			})
			at := m.Addr()
			if network == "unix" {
				at = "unix:" + at
			}
			// A Unix socket never carries TLS, whatever the mode.
			mode := TLSDisable
			if network == "unix" {
				mode = TLSRequire
			}
			s, err := dial(t, DialOptions{Addr: at, TLSMode: mode})
			must(t, err)
			if s.TLS || s.Addr != at {
				t.Errorf("%+v", s)
			}
			_ = s.Close()
			must(t, m.Close())
		})
	}
}

// A name with several addresses: the one where somebody listens is found.
func TestDialName(t *testing.T) {
	m := mock(t, func(p *pgmock.Peer) error {
		if err := p.Login(1, []byte("0123")); err != nil {
			return err
		}
		return p.Serve()
	})
	_, port, err := net.SplitHostPort(m.Addr())
	must(t, err)
	s, err := dial(t, DialOptions{Addr: "localhost:" + port})
	must(t, err)
	if s.Addr != "localhost:"+port {
		t.Errorf("cancel requests would go to %s", s.Addr)
	}
	_ = s.Close()
}

// bad is a server's behaviour after the startup packet, and a part of the
// error that it must lead to.
var bad = map[string]struct {
	send  []pgproto3.Message
	raw   string // behind what is sent
	wants string
}{
	"leaves":                    {nil, "", "EOF"},
	"leaves in a header":        {nil, "R\x00\x00", "EOF"},
	"leaves in a message":       {nil, "R\x00\x00\x00\x08", "EOF"},
	"length of 3":               {nil, "R\x00\x00\x00\x03", "length"},
	"length of all ones":        {nil, "R\xff\xff\xff\xff", "length"},
	"1 GiB of authentication":   {nil, "R\x3f\xff\xff\xff", "too long"},
	"1 GiB of error":            {nil, "E\x3f\xff\xff\xff", "too long"},
	"not a PostgreSQL server":   {nil, "HTTP/1.1 400 Bad Request\r\n", "length"},
	"ready at once":             {[]pgproto3.Message{&pgproto3.ReadyForQuery{TxStatus: 'I'}}, "", "unexpected message 'Z'"},
	"parameters before the end": {[]pgproto3.Message{&pgproto3.ParameterStatus{Name: "a"}}, "", "unexpected message 'S'"},
	"unknown authentication":    {nil, "R\x00\x00\x00\x08\x00\x00\x00\x63", "unknown authentication"},
	"authentication of nothing": {nil, "R\x00\x00\x00\x04", "unknown authentication"},
	"authentication twice":      {[]pgproto3.Message{&pgproto3.AuthenticationOk{}, &pgproto3.AuthenticationOk{}}, "", "unexpected message 'R'"},
	"rows in the login":         {[]pgproto3.Message{&pgproto3.AuthenticationOk{}, &pgproto3.DataRow{}}, "", "unexpected message 'D'"},
	"key without a secret":      {[]pgproto3.Message{&pgproto3.AuthenticationOk{}}, "K\x00\x00\x00\x08\x00\x00\x00\x01", "key"},
	"key of 3 bytes":            {[]pgproto3.Message{&pgproto3.AuthenticationOk{}}, "K\x00\x00\x00\x0b\x00\x00\x00\x01abc", "key"},
	"key of 257 bytes":          {[]pgproto3.Message{&pgproto3.AuthenticationOk{}, &pgproto3.BackendKeyData{SecretKey: make([]byte, 257)}}, "", "key"},
	"ready without a status":    {[]pgproto3.Message{&pgproto3.AuthenticationOk{}}, "Z\x00\x00\x00\x04", "length"},
	"ready in a transaction":    {[]pgproto3.Message{&pgproto3.AuthenticationOk{}, &pgproto3.ReadyForQuery{TxStatus: 'T'}}, "", "status"},
	"half a parameter":          {[]pgproto3.Message{&pgproto3.AuthenticationOk{}}, "S\x00\x00\x00\x05a", "ParameterStatus"},
	"endless parameters":        {[]pgproto3.Message{&pgproto3.AuthenticationOk{}}, strings.Repeat("S\x00\x00\x00\x08a\x00b\x00", 2000), "too many"},
	"endless notices":           {nil, strings.Repeat("N\x00\x00\x00\x05\x00", 20000), "too many"},
}

func TestDialHostile(t *testing.T) {
	for name, tt := range bad {
		t.Run(name, func(t *testing.T) {
			m := mock(t, func(p *pgmock.Peer) error {
				if _, _, err := p.First(); err != nil {
					return err
				}
				_ = p.Send(tt.send...)
				_, _ = p.Write([]byte(tt.raw))
				_ = p.Conn.(*net.TCPConn).CloseWrite()
				_, _ = io.Copy(io.Discard, p)
				return nil
			})
			_, err := dial(t, DialOptions{Addr: m.Addr()})
			if err == nil || !strings.Contains(err.Error(), tt.wants) {
				t.Errorf("got %v, want %q", err, tt.wants)
			}
			var e *pgerror.Error
			if errors.As(err, &e) {
				t.Errorf("passes for the server's own error: %v", e)
			}
		})
	}
}

// What the server says is what clients are told, also when it says little
// (CVE-2026-6666).
func TestDialErrors(t *testing.T) {
	full := &pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "3D000", Message: `database "d" does not exist`}
	for name, tt := range map[string]struct {
		before []pgproto3.Message
		e      *pgproto3.ErrorResponse
	}{
		"before authentication": {nil, full},
		"after authentication":  {[]pgproto3.Message{&pgproto3.AuthenticationOk{}}, full},
		"without fields":        {nil, &pgproto3.ErrorResponse{}},
	} {
		t.Run(name, func(t *testing.T) {
			m := mock(t, func(p *pgmock.Peer) error {
				if _, _, err := p.First(); err != nil {
					return err
				}
				return p.Send(append(tt.before, tt.e)...)
			})
			_, err := dial(t, DialOptions{Addr: m.Addr()})
			var e *pgerror.Error
			if !errors.As(err, &e) || e.Code != tt.e.Code || e.Message != tt.e.Message {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDialNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	if _, err := dial(t, DialOptions{Addr: addr}); err == nil {
		t.Error("dialled nobody")
	}
}

// The context ends a login at each of its steps.
func TestDialContext(t *testing.T) {
	steps := map[string]func(p *pgmock.Peer) error{
		"silent":            func(p *pgmock.Peer) error { return nil },
		"in authentication": func(p *pgmock.Peer) error { return p.Send(&pgproto3.AuthenticationCleartextPassword{}) },
		"before ready":      func(p *pgmock.Peer) error { return p.Send(&pgproto3.AuthenticationOk{}) },
		"in TLS":            func(p *pgmock.Peer) error { _, err := p.Write([]byte("S")); return err },
	}
	for name, step := range steps {
		for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
			t.Run(name+"/"+cause.Error(), func(t *testing.T) {
				m := mock(t, func(p *pgmock.Peer) error {
					_, _, _ = p.First()
					_ = step(p)
					_, _ = io.Copy(io.Discard, p)
					return nil
				})
				ctx, stop := context.WithCancel(context.Background())
				time.AfterFunc(20*time.Millisecond, stop)
				if cause == context.DeadlineExceeded {
					ctx, stop = context.WithTimeout(context.Background(), 20*time.Millisecond)
				}
				defer stop()
				o := DialOptions{Addr: m.Addr(), Authenticator: trusting, Params: []Param{{"user", "u"}}}
				if name == "in TLS" {
					o.TLSMode, o.TLS = TLSRequire, clientTLS()
				}
				soon(t, "Dial", func() {
					if _, err := Dial(ctx, o); !errors.Is(err, cause) {
						t.Errorf("got %v, want %v", err, cause)
					}
				})
			})
		}
	}
}
