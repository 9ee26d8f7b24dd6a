package auth

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// serve is the smallest server around an Exchange: it lets one client in and
// answers every query with nothing. It returns why a
// client was not let in.
func serve(conn net.Conn, g *Gate, v Visit, id *identity) error {
	defer func() { conn.Close() }()
	b := pgproto3.NewBackend(conn, conn)
	for started := false; !started; {
		m, err := b.ReceiveStartupMessage()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *pgproto3.GSSEncRequest:
			conn.Write([]byte{'N'})
		case *pgproto3.SSLRequest:
			if id == nil {
				conn.Write([]byte{'N'})
				continue
			}
			conn.Write([]byte{'S'})
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{id.pair}, NextProtos: []string{"postgresql"}})
			b = pgproto3.NewBackend(conn, conn)
			v.Line.TLS, v.Binding = true, EndpointHash(id.cert)
		case *pgproto3.StartupMessage:
			v.User, started = m.Parameters["user"], true
		default:
			return errors.New("not a startup message")
		}
	}
	x, refusal := g.Begin(v)
	if refusal != nil {
		conn.Write(refusal.AppendFrame(nil))
		return refusal
	}
	r, in := x.Start()
	for {
		if r != nil {
			conn.Write(append([]byte{'R', 0, 0, byte((len(r) + 4) >> 8), byte(len(r) + 4)}, r...))
		}
		if in {
			break
		}
		p, err := receiveP(conn)
		if err != nil {
			return err
		}
		if r, in, refusal = x.Continue(p); refusal != nil {
			conn.Write(refusal.AppendFrame(nil))
			return refusal
		}
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		if m, err := b.Receive(); err != nil {
			break
		} else if _, ok := m.(*pgproto3.Query); ok {
			b.Send(&pgproto3.EmptyQueryResponse{})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		}
	}
	return nil
}

// receiveP reads the body of the next message, which must be a 'p'.
func receiveP(conn net.Conn) ([]byte, error) {
	var header [5]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(header[1:])
	if header[0] != 'p' || size < 4 || size > MaxMessage {
		return nil, errors.New("not a password message")
	}
	p := make([]byte, size-4)
	_, err := io.ReadFull(conn, p)
	return p, err
}

// The methods, each with a stored secret, that foreign clients are let in by.
func clientCases(t *testing.T) map[string]Visit {
	v, err := NewVerifier("pässwörd", DefaultIterations, []byte("salt of sixteen."))
	check(t, err)
	verifier := secretOf(t, v.String())
	return map[string]Visit{
		"scram, verifier": {Method: MethodSCRAM, Secret: verifier},
		"scram, plain":    {Method: MethodSCRAM, Secret: secretOf(t, "pässwörd")},
		"md5, upgraded":   {Method: MethodMD5, Secret: verifier},
		"md5, plain":      {Method: MethodMD5, Secret: secretOf(t, "pässwörd")},
		"md5, md5":        {Method: MethodMD5, Secret: secretOf(t, hashMD5("pässwörd", "app"))},
		"plain, verifier": {Method: MethodPlain, Secret: verifier, Line: Line{Unix: true}},
		"plain, plain":    {Method: MethodPlain, Secret: secretOf(t, "pässwörd"), Line: Line{Unix: true}},
		"plain, md5":      {Method: MethodPlain, Secret: secretOf(t, hashMD5("pässwörd", "app")), Line: Line{Unix: true}},
		"trust":           {Method: MethodTrust, Secret: NoPassword(), Line: Line{Loopback: true}},
		"unknown":         {Method: MethodSCRAM},
		"unknown md5":     {Method: MethodMD5},
		"unknown plain":   {Method: MethodPlain, Line: Line{Unix: true}},
		"scram, md5":      {Method: MethodSCRAM, Secret: secretOf(t, hashMD5("pässwörd", "app"))},
	}
}

// pgx must get in by every method, over TLS with channel binding, and be
// refused in the same words whatever is wrong.
func TestPgxClient(t *testing.T) {
	g, id := newGate(t), localhost(t)
	l := listen(t)
	for name, v := range clientCases(t) {
		for _, password := range []string{"pässwörd", "wrong"} {
			for _, encrypted := range []bool{false, true} {
				right := password == "pässwörd" && v.Secret.Kind() != KindUnknown && name != "scram, md5" || v.Method == MethodTrust
				pair := &id
				if !encrypted {
					pair = nil
				}
				err := pgxLogin(l, g, v, pair, password)
				var refusal *pgconn.PgError
				if right && err != nil {
					t.Errorf("%s, TLS %v: %v", name, encrypted, err)
				} else if !right && !(errors.As(err, &refusal) && refusal.Code == "28P01" && refusal.Severity == "FATAL" &&
					refusal.Message == `password authentication failed for user "app"`) {
					t.Errorf("%s, TLS %v, %s: %v", name, encrypted, password, err)
				}
			}
		}
	}
}

// listen is TCP and not net.Pipe: closing TLS on an unread pipe takes 5 s.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// serveNext serves one client of l; the channel tells how its login ended.
func serveNext(l net.Listener, g *Gate, v Visit, id *identity) <-chan error {
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = serve(conn, g, v, id)
		}
		served <- err
	}()
	return served
}

// pgxLogin connects pgx to serve. With an identity it speaks
// TLS, and insists on channel binding where SCRAM is spoken.
func pgxLogin(l net.Listener, g *Gate, v Visit, id *identity, password string) error {
	config, err := pgconn.ParseConfig("postgres://app@" + l.Addr().String() + "/app?sslmode=disable&channel_binding=disable")
	if err != nil {
		return err
	}
	config.Password = password
	if id != nil {
		config.TLSConfig = &tls.Config{InsecureSkipVerify: true}
		config.ChannelBinding = "prefer"
		if v.Method == MethodSCRAM {
			config.ChannelBinding = "require"
		}
	}
	served := serveNext(l, g, v, id)
	conn, err := pgconn.ConnectConfig(context.Background(), config)
	if err == nil {
		conn.Close(context.Background())
	}
	if serverErr := <-served; err == nil {
		err = serverErr
	}
	return err
}

// libpq is the other client that counts. It runs as psql over TCP.
func TestLibpqClient(t *testing.T) {
	psql := filepath.Join(postgresPrograms(t), "psql")
	g, id := newGate(t), localhost(t)
	l := listen(t)
	host, port, _ := net.SplitHostPort(l.Addr().String())
	for name, v := range clientCases(t) {
		for _, options := range []string{"sslmode=disable", "sslmode=require channel_binding=disable", "sslmode=require"} {
			right := v.Secret.Kind() != KindUnknown && name != "scram, md5"
			pair := &id
			if options == "sslmode=disable" {
				pair = nil
			} else if v.Method == MethodSCRAM && options == "sslmode=require" {
				options += " channel_binding=require"
			}
			served := serveNext(l, g, v, pair)
			cmd := exec.CommandContext(t.Context(), psql, "-X", "-w", "-c", ";", "host="+host+" port="+port+" user=app dbname=app "+options)
			cmd.Env = append(os.Environ(), "PGPASSWORD=pässwörd", "PGCONNECT_TIMEOUT=5")
			out, err := cmd.CombinedOutput()
			serverErr := <-served
			if right && (err != nil || serverErr != nil) {
				t.Errorf("%s, %s: %v, %v\n%s", name, options, err, serverErr, out)
			} else if !right && (err == nil || !strings.Contains(string(out), `FATAL:  password authentication failed for user "app"`)) {
				t.Errorf("%s, %s: let in or refused strangely: %s", name, options, out)
			}
		}
	}
}
