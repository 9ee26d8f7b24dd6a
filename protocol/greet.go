package protocol

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Hello is what the first bytes of a connection asked for: a session
// (Startup) or the cancelling of another one (Cancel); one of them is set.
type Hello struct {
	Conn    net.Conn // the connection to go on with, a *tls.Conn after TLS
	TLS     *tls.ConnectionState
	Startup *Startup
	Cancel  *CancelKey
}

// CancelKey names a session to its canceller.
type CancelKey struct {
	PID uint32
	Key []byte
}

// ErrSilent wraps the end of a greeting that deserves neither an answer nor
// a log line: probes that connect and leave, and bytes that PostgreSQL too
// answers by closing.
var ErrSilent = errors.New("closed without an answer")

func silent(err error) error { return fmt.Errorf("%w: %w", ErrSilent, err) }

// Greet reads the first bytes of a client: TLS and GSS requests, a cancel
// request or the startup packet. tlsConfig is nil when TLS is not offered; it
// must list the ALPN protocol "postgresql". Unix sockets never have TLS.
// Errors are *pgerror.Error, to be sent to the returned connection before it
// is closed, or ErrSilent.
//
// The caller sets the deadline for the whole of it.
func Greet(conn net.Conn, tlsConfig *tls.Config) (Hello, error) {
	if conn.LocalAddr().Network() == "unix" {
		tlsConfig = nil // as in PostgreSQL: who could listen in can read our memory
	}
	g := greeting{Hello: Hello{Conn: conn}, config: tlsConfig}
	for {
		done, err := g.packet()
		if done || err != nil {
			return g.Hello, err
		}
	}
}

type greeting struct {
	Hello
	config             *tls.Config
	askedSSL, askedGSS bool
}

// packet handles one packet that has a length but no type.
func (g *greeting) packet() (done bool, err error) {
	var head [8]byte
	if _, err := io.ReadFull(g.Conn, head[:1]); err != nil {
		return true, silent(err)
	}
	if head[0] == 0x16 && g.TLS == nil && !g.askedSSL { // a TLS record: direct TLS
		return false, g.upgrade(head[:1], true)
	}
	if _, err := io.ReadFull(g.Conn, head[1:4]); err != nil {
		return true, silent(err)
	}
	length := binary.BigEndian.Uint32(head[:4])
	if length < 8 || length > maxStartup {
		return true, silent(errors.New("invalid length of startup packet"))
	}
	if _, err := io.ReadFull(g.Conn, head[4:]); err != nil {
		return true, silent(err)
	}
	code := binary.BigEndian.Uint32(head[4:])
	switch {
	case code == sslRequest && length == 8:
		return false, g.ssl()
	case code == gssEncRequest && length == 8:
		return false, g.gss()
	}
	body := make([]byte, length-8)
	if _, err := io.ReadFull(g.Conn, body); err != nil {
		return true, silent(err)
	}
	if code == cancelRequest {
		if len(body) < 8 || length > maxCancelBytes {
			return true, silent(errors.New("invalid cancel request"))
		}
		g.Cancel = &CancelKey{PID: binary.BigEndian.Uint32(body), Key: body[4:]}
		return true, nil
	}
	g.Startup, err = parseStartup(code, body)
	return true, err
}

func (g *greeting) ssl() error {
	if g.askedSSL || g.TLS != nil {
		return pgerror.Fatal(pgerror.FeatureNotSupported, "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.2")
	}
	g.askedSSL = true
	if g.config == nil {
		return g.write('N')
	}
	if err := g.write('S'); err != nil {
		return err
	}
	return g.upgrade(nil, false)
}

func (g *greeting) gss() error {
	if g.askedGSS || g.TLS != nil {
		return pgerror.Fatal(pgerror.FeatureNotSupported, "unsupported frontend protocol 1234.5680: server supports 3.0 to 3.2")
	}
	g.askedGSS = true
	return g.write('N')
}

func (g *greeting) write(b byte) error {
	if _, err := g.Conn.Write([]byte{b}); err != nil {
		return silent(err)
	}
	return nil
}

// upgrade starts TLS. Nothing may have been read beyond the request (what a
// man in the middle put there would count as sent inside TLS:
// CVE-2021-23214); that holds because packets are read to their exact length.
func (g *greeting) upgrade(read []byte, direct bool) error {
	if g.config == nil {
		return silent(errors.New("direct TLS, but TLS is off"))
	}
	conn := tls.Server(&socket{Conn: g.Conn, first: append([]byte(nil), read...)}, g.config)
	if err := conn.Handshake(); err != nil {
		return silent(err)
	}
	state := conn.ConnectionState()
	if direct && state.NegotiatedProtocol != ALPN {
		_ = conn.Close()
		return silent(errors.New("direct TLS without ALPN"))
	}
	g.Conn, g.TLS = conn, &state
	return nil
}

// ALPN is PostgreSQL's protocol name in TLS (PG_ALPN_PROTOCOL).
const ALPN = "postgresql"
