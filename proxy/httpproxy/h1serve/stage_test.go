package h1serve

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// patience is for what is certain to come, on any machine.
const patience = 20 * time.Second

// start serves a handler on loopback by a Server.
func start(t testing.TB, s *Server, h http.HandlerFunc) string {
	t.Helper()
	s.Handler, s.As, s.Log = h, &http.Server{}, slog.New(slog.DiscardHandler)
	if s.HeadTime == 0 {
		s.HeadTime = patience
	}
	if s.IdleTime == 0 {
		s.IdleTime = patience
	}
	if s.MaxHead == 0 {
		s.MaxHead = 64 << 10
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.Serve(c, nil)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		s.Close()
	})
	return l.Addr().String()
}

// startOracle serves the handler by net/http, behind the same scanner.
func startOracle(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, DisableGeneralOptionsHandler: true, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)}
	go func() { _ = s.Serve(scanned{l}) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

type scanned struct{ net.Listener }

func (l scanned) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return strict.NewConn(c, false, nil), nil
}

// caller is a client that says what it likes.
type caller struct {
	*net.TCPConn
	*bufio.Reader
	t testing.TB
}

func (c *caller) Read(p []byte) (int, error) { return c.Reader.Read(p) }

func call(t testing.TB, addr string) *caller {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &caller{c.(*net.TCPConn), bufio.NewReader(c), t}
}

func (c *caller) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.TCPConn, text); err != nil {
		c.t.Fatal(err)
	}
}

// hear reads an answer to a request of that method.
func (c *caller) hear(method string) (*http.Response, string) {
	c.t.Helper()
	res, err := http.ReadResponse(c.Reader, &http.Request{Method: method})
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("after %q: %v", body, err)
	}
	return res, string(body)
}

// ended fails the test unless the server closes the conn, cleanly, and says
// nothing before.
func (c *caller) ended() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.Reader); err != nil || len(rest) > 0 {
		c.t.Fatalf("%q, %v, not the end", rest, err)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// tell answers with all that a handler sees of a request.
func tell(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil && !errors.Is(err, http.ErrBodyReadAfterClose) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "%s %q path %q query %q host %q %s %d.%d close %v length %d coding %v\n%q\nbody %q trailer %q\n", r.Method, r.RequestURI, r.URL.Path,
		r.URL.RawQuery, r.Host, r.Proto, r.ProtoMajor, r.ProtoMinor, r.Close, r.ContentLength, r.TransferEncoding, r.Header, body, r.Trailer)
}
