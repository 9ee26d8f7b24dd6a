package protocol

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

func clientTLS(alpn ...string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: alpn}
}

func TestGreetTLS(t *testing.T) {
	tests := []struct {
		name   string
		before [][]byte // sent in the clear; all but the last answered by a byte
		alpn   []string
		inside []byte
		cancel bool
	}{
		{"asked for", [][]byte{askTLS}, []string{ALPN}, askUser, false},
		{"asked for, without ALPN", [][]byte{askTLS}, nil, askUser, false},
		{"asked for after GSS", [][]byte{askGSS, askTLS}, nil, askUser, false},
		{"direct", nil, []string{ALPN}, askUser, false},
		{"direct, among other protocols", nil, []string{"http/1.1", ALPN}, askUser, false},
		{"cancel inside", [][]byte{askTLS}, nil, askCancel, true},
		{"cancel inside, direct", nil, []string{ALPN}, askCancel, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := serverTLS(t)
			hello, err := greet(t, "tcp", config, func(peer net.Conn) {
				answers(peer, append(tt.before, nil)...)
				c := tls.Client(peer, clientTLS(tt.alpn...))
				_, _ = c.Write(tt.inside)
				_, _ = io.Copy(io.Discard, io.LimitReader(c, 1))
			})
			must(t, err)
			if hello.TLS == nil || (hello.Cancel != nil) != tt.cancel {
				t.Errorf("%+v", hello)
			}
			if _, ok := hello.Conn.(*tls.Conn); !ok {
				t.Errorf("goes on with a %T", hello.Conn)
			}
		})
	}
}

func TestGreetTLSRefused(t *testing.T) {
	tests := map[string]func(peer net.Conn){
		"direct without ALPN":      func(peer net.Conn) { _ = tls.Client(peer, clientTLS()).Handshake() },
		"direct with another ALPN": func(peer net.Conn) { _ = tls.Client(peer, clientTLS("http/1.1")).Handshake() },
		"asked for, another ALPN": func(peer net.Conn) {
			answers(peer, askTLS, nil)
			_ = tls.Client(peer, clientTLS("http/1.1")).Handshake()
		},
		"no handshake after S":      func(peer net.Conn) { answers(peer, askTLS, askUser) },
		"leaves after S":            func(peer net.Conn) { answers(peer, askTLS, nil) },
		"a version nobody speaks":   func(peer net.Conn) { _, _ = peer.Write([]byte{0x16, 2, 0, 0, 2, 1, 0}) },
		"TLS record after GSS":      func(peer net.Conn) { answers(peer, askGSS, []byte{0x16, 3, 1}) },
		"handshake cut in the half": func(peer net.Conn) { _, _ = peer.Write([]byte{0x16, 3, 1, 1, 0, 1, 0, 0, 252}) },
	}
	for name, client := range tests {
		t.Run(name, func(t *testing.T) {
			hello, err := greet(t, "tcp", serverTLS(t), client)
			if !errors.Is(err, ErrSilent) || hello.Startup != nil || hello.TLS != nil {
				t.Errorf("%+v %v", hello, err)
			}
		})
	}
}

// What a man in the middle writes behind the SSLRequest must not count as
// sent inside TLS (CVE-2021-23214): neither in the same segment, nor when the
// real client's handshake follows.
func TestGreetInjected(t *testing.T) {
	for name, injected := range map[string][]byte{"startup": askUser, "cancel": askCancel, "a byte": {0}, "SSLRequest": askTLS} {
		t.Run(name, func(t *testing.T) {
			hello, err := greet(t, "tcp", serverTLS(t), func(peer net.Conn) {
				answers(peer, append(append([]byte{}, askTLS...), injected...), nil)
				c := tls.Client(peer, clientTLS(ALPN))
				if c.Handshake() == nil {
					_, _ = c.Write(askUser)
				}
			})
			if !errors.Is(err, ErrSilent) || hello.Startup != nil || hello.Cancel != nil {
				t.Errorf("%+v %v", hello, err)
			}
		})
	}
}

// Inside TLS there is no second one.
func TestGreetTLSInside(t *testing.T) {
	for name, tt := range map[string]struct {
		inside []byte
		silent bool
	}{
		"SSLRequest":    {askTLS, false},
		"GSSENCRequest": {askGSS, false},
		"a TLS record":  {[]byte{0x16, 3, 1, 0, 2, 1, 0, 0}, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := greet(t, "tcp", serverTLS(t), func(peer net.Conn) {
				answers(peer, askTLS, nil)
				c := tls.Client(peer, clientTLS(ALPN))
				_, _ = c.Write(tt.inside)
				_, _ = io.Copy(io.Discard, io.LimitReader(c, 1))
			})
			var e *pgerror.Error
			if tt.silent != errors.Is(err, ErrSilent) || !tt.silent && (!errors.As(err, &e) || e.Code != pgerror.FeatureNotSupported) {
				t.Errorf("got %v", err)
			}
		})
	}
}
