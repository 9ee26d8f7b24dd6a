package protocol

import (
	"context"
	"crypto/tls"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// ask runs a statement and returns the first column of its first row, or the
// server's error.
func ask(s *ServerConn, sql string) (string, error) {
	b := NewAnswerBuffer()
	defer b.Release()
	if err := s.Exchange(AppendQuery(nil, sql), b); err != nil {
		return "", err
	}
	value := ""
	var failed error
	for {
		typ, total, ok, err := Peek(b.Unread())
		switch {
		case err != nil:
			return "", err
		case !ok || len(b.Unread()) < total:
			if err := s.Recv(b); err != nil {
				return "", err
			}
			continue
		}
		body := b.Unread()[HeaderLen:total]
		switch typ {
		case 'D':
			DataRow(body, func(i int, v []byte) {
				if i == 0 {
					value = string(v)
				}
			})
		case 'E':
			failed = pgerror.Parse(body)
		case 'Z':
			return value, failed
		}
		b.Consume(total)
	}
}

// Everything that depends on what PostgreSQL really does, on one server.
func TestRealServer(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Name: "wirebytes", TLS: true, HBA: []string{"host all app 127.0.0.1/32 trust"}})
	node := c.Primary
	user := []Param{{"user", "app"}, {"database", "app"}}
	tlsOptions := DialOptions{Addr: node.Addr(), Params: user, TLSMode: TLSRequire, TLS: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{ALPN}}}

	t.Run("log in", func(t *testing.T) {
		socket := "unix:" + filepath.Join(node.SocketDir(), ".s.PGSQL."+strconv.Itoa(node.Port()))
		for name, o := range map[string]DialOptions{
			"tcp":  {Addr: node.Addr(), Params: user},
			"tls":  tlsOptions,
			"unix": {Addr: socket, Params: []Param{{"user", testpg.Superuser}, {"database", "app"}}},
		} {
			s, err := dial(t, o)
			must(t, err)
			encrypted, err := ask(s, "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()")
			must(t, err)
			pid, err := ask(s, "select pg_catalog.pg_backend_pid()")
			must(t, err)
			if s.TLS != (name == "tls") || encrypted != map[bool]string{true: "t", false: "f"}[s.TLS] || pid != strconv.Itoa(int(s.PID)) || len(s.Reported) < 10 {
				t.Errorf("%s: TLS %v (server says %s), process %d (%s), %d parameters", name, s.TLS, encrypted, s.PID, pid, len(s.Reported))
			}
		}
	})

	t.Run("refusals", func(t *testing.T) {
		for code, params := range map[string][]Param{
			pgerror.InvalidCatalogName:    {{"user", "app"}, {"database", "nowhere"}},
			pgerror.UndefinedObject:       append([]Param{{"no_such_parameter", "1"}}, user...),
			pgerror.InvalidParameterValue: append([]Param{{"DateStyle", "nonsense"}}, user...),
		} {
			_, err := dial(t, DialOptions{Addr: node.Addr(), Params: params})
			var e *pgerror.Error
			if !errors.As(err, &e) || e.Code != code {
				t.Errorf("%v: %v", params, err)
			}
		}
	})

	t.Run("cancel", func(t *testing.T) {
		for _, o := range []DialOptions{{Addr: node.Addr(), Params: user}, tlsOptions} {
			s, err := dial(t, o)
			must(t, err)
			done := make(chan error, 1)
			go func() { _, err := ask(s, "select pg_catalog.pg_sleep(20)"); done <- err }()
			time.Sleep(50 * time.Millisecond)
			ctx, stop := context.WithTimeout(t.Context(), CancelTimeout)
			defer stop()
			must(t, s.CancelQuery(ctx))
			var e *pgerror.Error
			if err := <-done; !errors.As(err, &e) || e.Code != pgerror.QueryCanceled {
				t.Errorf("got %v", err)
			}
		}
	})

	// What parseOptions makes of a text must be what the server makes of it.
	t.Run("options", func(t *testing.T) {
		for _, options := range []string{
			"", " \t\n", "-c jit=off", "-cjit=off", "--jit=off", "-c  jit=off\t-c geqo=off", "-c search-path=a,b", `-c application_name=a\ b`,
			`-c application_name=a\\b`, `-c application_name=ab\`, "-c application_name=a=b", "-c application_name=", "-c a.b=c",
			"-c", "-c jit", "--jit", "jit=off", "-c jit=off x", `\`,
		} {
			ours, bad := parseOptions(options)
			s, err := dial(t, DialOptions{Addr: node.Addr(), Params: append([]Param{{"options", options}}, user...)})
			var e *pgerror.Error
			switch {
			case errors.As(err, &e):
				if bad == nil || bad.Code != e.Code || bad.Message != e.Message {
					t.Errorf("%q: we say %v, the server %v", options, bad, e)
				}
				continue
			case err != nil:
				t.Fatal(err)
			case bad != nil:
				t.Errorf("%q: we say %v, the server takes it", options, bad)
			}
			for _, p := range ours {
				got, err := ask(s, "select pg_catalog.current_setting('"+p.Name+"')")
				if err != nil || strings.ReplaceAll(got, ", ", ",") != p.Value {
					t.Errorf("%q: %s is %q, we say %q (%v)", options, p.Name, got, p.Value, err)
				}
			}
			_ = s.Close()
		}
	})
}
