package protocol

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// packet is a first packet: a code and what follows.
func packet(code uint32, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	return append(binary.BigEndian.AppendUint32(b, code), body...)
}

var (
	askTLS    = packet(sslRequest, "")
	askGSS    = packet(gssEncRequest, "")
	askUser   = packet(Version30, "user\x00u\x00\x00")
	askCancel = packet(cancelRequest, "\x00\x00\x00\x07abcd")
)

// greet lets client talk to Greet. Both ends are closed when they return, so
// that neither waits for ever.
func greet(t *testing.T, kind string, config *tls.Config, client func(peer net.Conn)) (Hello, error) {
	t.Helper()
	ours, peer := pair(t, kind)
	must(t, ours.SetDeadline(time.Now().Add(30*time.Second)))
	left := make(chan struct{})
	go func() {
		defer close(left)
		defer peer.Close()
		client(peer)
	}()
	hello, err := Greet(ours, config)
	_ = hello.Conn.Close()
	<-left
	return hello, err
}

// answers writes what is given and returns what comes back, one byte for
// each packet but the last.
func answers(peer net.Conn, packets ...[]byte) string {
	got := make([]byte, 0, len(packets))
	for i, p := range packets {
		if _, err := peer.Write(p); err != nil || i == len(packets)-1 {
			break
		}
		var b [1]byte
		if _, err := io.ReadFull(peer, b[:]); err != nil {
			break
		}
		got = append(got, b[0])
	}
	return string(got)
}

func TestGreetPlain(t *testing.T) {
	tests := []struct {
		name    string
		packets [][]byte
		answers string
		key     *CancelKey
	}{
		{"startup", [][]byte{askUser}, "", nil},
		{"no TLS here", [][]byte{askTLS, askUser}, "N", nil},
		{"no GSS here", [][]byte{askGSS, askUser}, "N", nil},
		{"GSS, then TLS", [][]byte{askGSS, askTLS, askUser}, "NN", nil},
		{"TLS, then GSS", [][]byte{askTLS, askGSS, askUser}, "NN", nil},
		{"cancel", [][]byte{askCancel}, "", &CancelKey{7, []byte("abcd")}},
		{"cancel with a long key", [][]byte{packet(cancelRequest, "\xff\xff\xff\xff"+string(make([]byte, 256)))}, "", &CancelKey{1<<32 - 1, make([]byte, 256)}},
		{"cancel after TLS was refused", [][]byte{askTLS, askCancel}, "N", &CancelKey{7, []byte("abcd")}},
	}
	for _, tt := range tests {
		for _, kind := range []string{"tcp", "unix", "pipe"} {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				var got string
				hello, err := greet(t, kind, nil, func(peer net.Conn) { got = answers(peer, tt.packets...) })
				must(t, err)
				if got != tt.answers {
					t.Errorf("answered %q, want %q", got, tt.answers)
				}
				if hello.TLS != nil || (hello.Startup == nil) == (hello.Cancel == nil) {
					t.Fatalf("%+v", hello)
				}
				if tt.key == nil {
					if hello.Startup.User != "u" {
						t.Errorf("%+v", hello.Startup)
					}
				} else if hello.Cancel.PID != tt.key.PID || !bytes.Equal(hello.Cancel.Key, tt.key.Key) {
					t.Errorf("%+v", hello.Cancel)
				}
			})
		}
	}
}

// A Unix socket never carries TLS, as with PostgreSQL.
func TestGreetUnixWithoutTLS(t *testing.T) {
	var got string
	hello, err := greet(t, "unix", serverTLS(t), func(peer net.Conn) { got = answers(peer, askTLS, askUser) })
	must(t, err)
	if got != "N" || hello.TLS != nil {
		t.Errorf("answered %q", got)
	}
}

func TestGreetSilent(t *testing.T) {
	long := packet(Version30, string(make([]byte, maxStartup)))
	tests := map[string][]byte{
		"nothing":                {},
		"half a length":          {0, 0},
		"half a packet":          askUser[:12],
		"length 0":               {0, 0, 0, 0, 0, 3, 0, 0},
		"length 7":               {0, 0, 0, 7, 0, 3, 0, 0},
		"length of all ones":     {0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0},
		"one byte too long":      long,
		"HTTP":                   []byte("GET / HTTP/1.1\r\n\r\n"),
		"cancel without a key":   packet(cancelRequest, "\x00\x00\x00\x07"),
		"cancel, key too short":  packet(cancelRequest, "\x00\x00\x00\x07abc"),
		"cancel, key too long":   packet(cancelRequest, "\x00\x00\x00\x07"+string(make([]byte, 257))),
		"direct TLS where is no": {0x16, 3, 1, 0, 5},
	}
	for name, bytes := range tests {
		t.Run(name, func(t *testing.T) {
			var back []byte
			_, err := greet(t, "tcp", nil, func(peer net.Conn) {
				_, _ = peer.Write(bytes)
				_ = peer.(*net.TCPConn).CloseWrite()
				back, _ = io.ReadAll(peer)
			})
			if !errors.Is(err, ErrSilent) {
				t.Errorf("got %v", err)
			}
			if len(back) > 0 {
				t.Errorf("answered %q", back)
			}
		})
	}
}

func TestGreetRefuses(t *testing.T) {
	tests := []struct {
		name    string
		packets [][]byte
		code    string
	}{
		{"TLS twice", [][]byte{askTLS, askTLS, nil}, pgerror.FeatureNotSupported},
		{"GSS twice", [][]byte{askGSS, askGSS, nil}, pgerror.FeatureNotSupported},
		{"version 2", [][]byte{packet(2<<16, "user"), nil}, pgerror.FeatureNotSupported},
		{"TLS with a body", [][]byte{packet(sslRequest, "x"), nil}, pgerror.FeatureNotSupported},
		{"no user", [][]byte{packet(Version30, "\x00"), nil}, pgerror.InvalidAuthorization},
		{"bad layout", [][]byte{packet(Version30, "user"), nil}, pgerror.ProtocolViolation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := greet(t, "tcp", nil, func(peer net.Conn) { answers(peer, tt.packets...) })
			var e *pgerror.Error
			if !errors.As(err, &e) || e.Code != tt.code || !e.IsFatal() {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A client that sends byte by byte gets in; one that stops is ended by the
// caller's deadline.
func TestGreetSlow(t *testing.T) {
	ours, peer := pair(t, "tcp")
	go func() {
		for _, b := range append(bytes.Clone(askGSS), askUser...) {
			_, _ = peer.Write([]byte{b})
			time.Sleep(100 * time.Microsecond)
		}
	}()
	hello, err := Greet(ours, nil)
	must(t, err)
	if hello.Startup.User != "u" {
		t.Errorf("%+v", hello.Startup)
	}

	for _, sent := range [][]byte{nil, {0}, askUser[:10], {0x16, 3, 1, 1, 0}} {
		ours, peer := pair(t, "tcp")
		must(t, ours.SetDeadline(time.Now().Add(20*time.Millisecond)))
		_, _ = peer.Write(sent)
		soon(t, "Greet", func() {
			if _, err := Greet(ours, serverTLS(t)); !IsTimeout(err) || !errors.Is(err, ErrSilent) {
				t.Errorf("after %q: %v", sent, err)
			}
		})
	}
}

// Nothing is read beyond the startup packet: what follows is for whoever
// goes on with the connection.
func TestGreetReadsNoFurther(t *testing.T) {
	ours, peer := pair(t, "tcp")
	_, _ = peer.Write(append(bytes.Clone(askUser), "p\x00\x00\x00\x04"...))
	hello, err := Greet(ours, nil)
	must(t, err)
	frame, err := ReadFrame(hello.Conn, 100)
	if err != nil || frame.Type != 'p' || len(frame.Body) != 0 {
		t.Errorf("%+v %v", frame, err)
	}
}

func TestReadFrame(t *testing.T) {
	tests := map[string]bool{
		"p\x00\x00\x00\x08abcd":       true,
		"p\x00\x00\x00\x0eabcdefghij": false, // over the limit
		"p\x00\x00\x00\x03":           false,
		"p\xff\xff\xff\xff":           false,
		"p\x00\x00\x00\x08ab":         false, // ends early
	}
	for sent, good := range tests {
		ours, peer := pair(t, "tcp")
		_, _ = peer.Write([]byte(sent))
		_ = peer.Close()
		frame, err := ReadFrame(ours, 12)
		if (err == nil) != good || good && string(frame.Body) != "abcd" {
			t.Errorf("%q: %q %v", sent, frame.Body, err)
		}
	}
}

// script is a connection that reads from a text and takes all that is
// written.
type script struct {
	net.Conn
	in *bytes.Reader
}

func (s script) Read(b []byte) (int, error)  { return s.in.Read(b) }
func (s script) Write(b []byte) (int, error) { return len(b), nil }
func (s script) Close() error                { return nil }
func (s script) LocalAddr() net.Addr         { return &net.TCPAddr{} }
func (s script) SetDeadline(time.Time) error { return nil }

func FuzzGreet(f *testing.F) {
	f.Add(askUser)
	f.Add(append(bytes.Clone(askTLS), askUser...))
	f.Add(append(bytes.Clone(askGSS), askCancel...))
	f.Add([]byte{0x16, 3, 1, 0, 2, 1, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, config := range []*tls.Config{nil, {}} {
			hello, err := Greet(script{in: bytes.NewReader(in)}, config)
			var e *pgerror.Error
			switch {
			case hello.Conn == nil:
				t.Fatal("no connection")
			case err == nil && (hello.Startup == nil) == (hello.Cancel == nil):
				t.Fatalf("neither startup nor cancel: %+v", hello)
			case err != nil && !errors.Is(err, ErrSilent) && !errors.As(err, &e):
				t.Fatalf("error of another kind: %v", err)
			}
		}
	})
}
