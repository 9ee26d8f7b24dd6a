package protocol

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Authenticator proves to a server who we are. Step takes the body of an
// Authentication message and returns the body of the answer, or nil; ok is
// true once AuthenticationOk has come and is believed.
type Authenticator interface {
	Step(body []byte) (answer []byte, ok bool, err error)
}

// DialOptions say how to reach a server and log in.
type DialOptions struct {
	Addr      string // host:port, or unix:/path/to/.s.PGSQL.5432
	TLS       *tls.Config
	TLSMode   TLSMode
	TLSDirect bool // start TLS at once (PostgreSQL 17), not after SSLRequest
	Params    []Param
	// Authenticator is made once TLS is up, since channel binding needs the
	// server's certificate; cert is nil without TLS.
	Authenticator func(cert *x509.Certificate) Authenticator
}

// TLSMode is what to do when a server has no TLS.
type TLSMode int

// Modes of TLS towards a server.
const (
	TLSDisable TLSMode = iota // never ask for it
	TLSPrefer                 // use it when the server has it
	TLSRequire                // or fail
)

// Dial connects, starts TLS, logs in and waits until the server is ready.
// An error that the server sent is a *pgerror.Error. The context bounds all
// of it.
func Dial(ctx context.Context, o DialOptions) (*ServerConn, error) {
	conn, err := dialNet(ctx, o.Addr)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(past) })
	s, err := login(ctx, conn, o)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("%w (%w)", ctx.Err(), err)
		}
		return nil, err
	}
	_ = s.NetConn().SetDeadline(time.Time{})
	return s, nil
}

func dialNet(ctx context.Context, addr string) (net.Conn, error) {
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	}
	var d net.Dialer
	return d.DialContext(ctx, network, addr)
}

func login(ctx context.Context, raw net.Conn, o DialOptions) (*ServerConn, error) {
	conn, err := startTLS(ctx, raw, o)
	if err != nil {
		return nil, err
	}
	return Login(conn, o)
}

// startTLS asks for TLS as the mode says. What a server says before TLS is
// up is not to be trusted, so an ErrorResponse is not read
// (CVE-2024-10977), and the answer is one byte, read as one byte, so that
// nothing injected behind it is kept (CVE-2021-23222).
func startTLS(ctx context.Context, conn net.Conn, o DialOptions) (net.Conn, error) {
	if o.TLSMode == TLSDisable || strings.HasPrefix(o.Addr, "unix:") {
		return conn, nil
	}
	if !o.TLSDirect {
		var b [8]byte
		binary.BigEndian.PutUint32(b[:4], 8)
		binary.BigEndian.PutUint32(b[4:], sslRequest)
		if _, err := conn.Write(b[:]); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(conn, b[:1]); err != nil {
			return nil, err
		}
		switch {
		case b[0] == 'N' && o.TLSMode == TLSPrefer:
			return conn, nil
		case b[0] == 'N':
			return nil, errors.New("server does not support TLS, but it is required")
		case b[0] != 'S':
			return nil, fmt.Errorf("unexpected answer %q to SSLRequest", b[0])
		}
	}
	t := tls.Client(conn, o.TLS)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	if o.TLSDirect && t.ConnectionState().NegotiatedProtocol != ALPN {
		return nil, errors.New("server does not support direct TLS")
	}
	return t, nil
}
