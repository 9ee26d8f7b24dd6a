package main

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Codes that stand where a startup packet has its version (pqcomm.h).
const (
	askTLS = 80877103
	askGSS = 80877104
)

// knock opens a socket to a listener and sends packets of only a code.
func knock(t *testing.T, addr string, codes ...uint32) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(generous))
	for _, code := range codes {
		packet := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, code)
		if _, err := conn.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// answered reads n bytes; "EOF" is a closed connection.
func answered(conn net.Conn, n int) string {
	b := make([]byte, n)
	k, err := io.ReadFull(conn, b)
	switch {
	case err == nil:
		return string(b)
	case k == 0 && !errors.Is(err, net.ErrClosed):
		return "EOF"
	}
	return err.Error()
}

func TestGreeting(t *testing.T) {
	d := openDesk(t)
	startup, err := (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "app"}}).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("TLS is off", func(t *testing.T) {
		if got := answered(knock(t, d.addrs["scram"], askTLS), 1); got != "N" {
			t.Errorf("got %q", got)
		}
		conn := knock(t, d.addrs["scram"])
		tlsConn := tls.Client(conn, d.client("postgresql"))
		if err := tlsConn.Handshake(); err == nil {
			t.Error("direct TLS where TLS is off")
		}
	})
	t.Run("GSS, then TLS", func(t *testing.T) {
		conn := knock(t, d.addrs["require"], askGSS)
		if got := answered(conn, 1); got != "N" {
			t.Fatalf("got %q", got)
		}
		if _, err := conn.Write(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, askTLS)); err != nil {
			t.Fatal(err)
		}
		if got := answered(conn, 1); got != "S" {
			t.Fatalf("got %q", got)
		}
		secure := tls.Client(conn, d.client())
		if _, err := secure.Write(startup); err != nil {
			t.Fatal(err)
		}
		if got := answered(secure, 1); got != "R" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("GSS twice", func(t *testing.T) {
		conn := knock(t, d.addrs["require"], askGSS, askGSS)
		if got := answered(conn, 2); got != "NE" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("direct TLS", func(t *testing.T) {
		secure := tls.Client(knock(t, d.addrs["require"]), d.client("postgresql"))
		if _, err := secure.Write(startup); err != nil {
			t.Fatal(err)
		}
		if got := answered(secure, 1); got != "R" {
			t.Errorf("got %q", got)
		}
		if p := secure.ConnectionState().NegotiatedProtocol; p != "postgresql" {
			t.Errorf("ALPN gives %q", p)
		}
	})
	t.Run("direct TLS without ALPN", func(t *testing.T) {
		secure := tls.Client(knock(t, d.addrs["require"]), d.client())
		_, _ = secure.Write(startup)
		if got := answered(secure, 1); got != "EOF" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("another ALPN", func(t *testing.T) {
		if err := tls.Client(knock(t, d.addrs["require"]), d.client("http/1.1")).Handshake(); err == nil {
			t.Error("speaks http/1.1")
		}
	})
	t.Run("bytes behind the TLS request", func(t *testing.T) {
		conn := knock(t, d.addrs["allow"], askTLS)
		if _, err := conn.Write(startup); err != nil { // CVE-2021-23214
			t.Fatal(err)
		}
		if got := answered(conn, 1); got != "S" {
			t.Fatalf("got %q", got)
		}
		rest, _ := io.ReadAll(conn)
		if len(rest) > 0 && rest[0] != 0x15 { // a TLS alert
			t.Errorf("got %q", rest)
		}
	})
	t.Run("TLS 1.1", func(t *testing.T) {
		cfg := d.client("postgresql")
		cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		if err := tls.Client(knock(t, d.addrs["require"]), cfg).Handshake(); err == nil {
			t.Error("speaks TLS 1.1")
		}
	})
	t.Run("TLS required", func(t *testing.T) {
		conn := knock(t, d.addrs["require"])
		if _, err := conn.Write(startup); err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(conn)
		if !strings.Contains(string(answer), "28000") || !strings.Contains(string(answer), "sslmode=require") {
			t.Errorf("got %q", answer)
		}
	})
}
