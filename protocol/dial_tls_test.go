package protocol

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/pgmock"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// answerSSL plays a server up to the point where TLS is answered.
func answerSSL(p *pgmock.Peer, answer string) error {
	code, _, err := p.First()
	if err != nil || code != pgmock.SSLRequest {
		return errors.New("no SSLRequest")
	}
	_, err = p.Write([]byte(answer))
	return err
}

func TestDialTLS(t *testing.T) {
	server := serverTLS(t)
	roots := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(server.Certificates[0].Certificate[0])
	must(t, err)
	roots.AddCert(leaf)
	verified := &tls.Config{RootCAs: roots, ServerName: "localhost", NextProtos: []string{ALPN}}
	otherName := &tls.Config{RootCAs: roots, ServerName: "elsewhere", NextProtos: []string{ALPN}}
	noALPN := serverTLS(t)
	noALPN.NextProtos = nil

	tests := []struct {
		name   string
		o      DialOptions
		answer string // to SSLRequest; "" for direct TLS
		server *tls.Config
		tls    bool
		wants  string // of the error
	}{
		{"prefer, and there is", DialOptions{TLSMode: TLSPrefer, TLS: clientTLS(ALPN)}, "S", server, true, ""},
		{"prefer, and there is not", DialOptions{TLSMode: TLSPrefer, TLS: clientTLS(ALPN)}, "N", nil, false, ""},
		{"require, and there is not", DialOptions{TLSMode: TLSRequire, TLS: clientTLS(ALPN)}, "N", nil, false, "required"},
		{"verified", DialOptions{TLSMode: TLSRequire, TLS: verified}, "S", server, true, ""},
		{"a server from before ALPN", DialOptions{TLSMode: TLSRequire, TLS: verified}, "S", noALPN, true, ""},
		{"another name", DialOptions{TLSMode: TLSRequire, TLS: otherName}, "S", server, false, "not elsewhere"},
		{"unknown authority", DialOptions{TLSMode: TLSRequire, TLS: &tls.Config{ServerName: "localhost"}}, "S", server, false, "unknown authority"},
		{"direct", DialOptions{TLSMode: TLSRequire, TLSDirect: true, TLS: clientTLS(ALPN)}, "", server, true, ""},
		{"direct, no PostgreSQL", DialOptions{TLSMode: TLSRequire, TLSDirect: true, TLS: clientTLS(ALPN)}, "", noALPN, false, "does not support direct TLS"},
		{"an error in the clear", DialOptions{TLSMode: TLSPrefer, TLS: clientTLS(ALPN)}, "EFATAL\x00", nil, false, "unexpected answer"},
		{"plain text behind S", DialOptions{TLSMode: TLSRequire, TLS: clientTLS(ALPN)}, "SR\x00\x00\x00\x08\x00\x00\x00\x00", server, false, "tls"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := mock(t, func(p *pgmock.Peer) error {
				if tt.answer != "" {
					if err := answerSSL(p, tt.answer); err != nil {
						return err
					}
				}
				if tt.server != nil {
					p = &pgmock.Peer{Conn: tls.Server(p.Conn, tt.server)}
				}
				if err := p.Login(1, []byte("0123")); tt.wants == "" && err != nil {
					return err
				}
				_, _ = io.Copy(io.Discard, p)
				return nil
			})
			tt.o.Addr = m.Addr()
			s, err := dial(t, tt.o)
			var e *pgerror.Error
			switch {
			case tt.wants == "" && err != nil:
				t.Error(err)
			case tt.wants != "" && (err == nil || !strings.Contains(err.Error(), tt.wants)):
				t.Errorf("got %v, want %q", err, tt.wants)
			case errors.As(err, &e):
				t.Error("what was said in the clear passes for the server's word")
			case err == nil && s.TLS != tt.tls:
				t.Errorf("TLS %v", s.TLS)
			}
		})
	}
}

// Channel binding needs the certificate; without TLS there is none.
func TestDialShowsCertificate(t *testing.T) {
	for _, encrypted := range []bool{true, false} {
		m := mock(t, func(p *pgmock.Peer) error {
			if encrypted {
				if err := answerSSL(p, "S"); err != nil {
					return err
				}
				p = &pgmock.Peer{Conn: tls.Server(p.Conn, serverTLS(t))}
			}
			if err := p.Login(1, []byte("0123")); err != nil {
				return err
			}
			_, _ = io.Copy(io.Discard, p)
			return nil
		})
		o := DialOptions{Addr: m.Addr(), TLS: clientTLS(ALPN), Params: []Param{{"user", "u"}}}
		if encrypted {
			o.TLSMode = TLSRequire
		}
		var seen *x509.Certificate
		o.Authenticator = func(cert *x509.Certificate) Authenticator { seen = cert; return trust{} }
		s, err := Dial(t.Context(), o)
		must(t, err)
		if (seen != nil) != encrypted || seen != nil && seen.Subject.CommonName != "localhost" {
			t.Errorf("encrypted %v: certificate %v", encrypted, seen)
		}
		_ = s.Close()
	}
}
