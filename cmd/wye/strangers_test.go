package main

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

func TestLoginTimeout(t *testing.T) {
	t.Parallel()
	d := newAuthority(t)
	cert, key := d.issue("server", "127.0.0.1")
	server, addr := startProxy(t, shared(t), wyeConfig("", `
tls:
  own: {cert: `+cert+`, key: `+key+`}
listeners:
  - {name: plain, bind: "127.0.0.1:0", login_timeout: 1s}
  - {name: tls, bind: "127.0.0.1:0", login_timeout: 1s, tls: {use: own}}
`))
	secure := server.Addrs()[1].String()
	began := time.Now()
	silent, half := knock(t, addr), knock(t, addr)
	_, _ = half.Write([]byte{0, 0, 0, 50, 0, 3})
	asked := knock(t, addr)
	startup, _ := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "app"}}).Encode(nil)
	_, _ = asked.Write(startup)
	handshake := knock(t, secure, askTLS)
	if got := answered(asked, 1) + answered(handshake, 1); got != "RS" {
		t.Fatalf("got %q", got)
	}
	for name, conn := range map[string]net.Conn{"silent": silent, "half a packet": half, "asked for a password": asked, "TLS handshake": handshake} {
		_, err := io.ReadAll(conn)
		if took := time.Since(began); took < 900*time.Millisecond || took > prompt {
			t.Errorf("%s: closed after %v (%v)", name, took, err)
		}
	}
	conn := connect(t, dsn(addr))
	time.Sleep(1100 * time.Millisecond)
	must(t, conn, "select 1") // the limit is for the login only
}

// TestFloodOfStrangers: sockets whose owner has not logged in are bounded,
// and those who are in do not suffer.
func TestFloodOfStrangers(t *testing.T) {
	t.Parallel()
	server, addr := startProxy(t, shared(t), wyeConfig("", "process: {max_clients: 10}"))
	in := connect(t, dsn(addr))
	var strangers []net.Conn
	defer func() {
		for _, c := range strangers {
			_ = c.Close()
		}
	}()
	for range 1200 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		strangers = append(strangers, conn)
	}
	eventually(t, "the bound", func() bool { return server.Snapshot().Process.LoginClients == 1010 })
	must(t, in, "select 1")
	closed := 0
	for _, c := range strangers {
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); err != nil && !isTimeout(err) {
			closed++
		}
	}
	if closed != 190 {
		t.Errorf("%d of 1200 sockets were closed, want 190", closed)
	}
	for _, c := range strangers {
		_ = c.Close()
	}
	eventually(t, "room again", func() bool { return server.Snapshot().Process.LoginClients == 0 })
	must(t, connect(t, dsn(addr)), "select 1")
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
