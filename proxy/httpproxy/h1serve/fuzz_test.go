package h1serve

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// tape is a conn whose client has said all it has to say.
type tape struct {
	said  *bytes.Reader
	piece int
	heard bytes.Buffer
}

func (c *tape) Read(p []byte) (int, error)       { return c.said.Read(p[:min(len(p), c.piece)]) }
func (c *tape) Write(p []byte) (int, error)      { return c.heard.Write(p) }
func (c *tape) Close() error                     { return nil }
func (c *tape) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }

// seen is a request as a handler sees it.
type seen struct {
	Method, URI, URL, Host, Proto string
	Header, Trailer               http.Header
	Length                        int64
	Coding                        []string
	Close                         bool
	Body                          string
}

func see(r *http.Request, body []byte) seen {
	h := r.Header.Clone()
	h.Del("Cache-Control") // http.ReadRequest may add one for a Pragma
	return seen{r.Method, r.RequestURI, r.URL.String(), r.Host, fmt.Sprint(r.Proto, r.ProtoMajor, r.ProtoMinor), h, r.Trailer,
		r.ContentLength, r.TransferEncoding, r.Close, string(body)}
}

// FuzzRequests holds that of what a client says we make the requests that
// net/http makes of it, in the same order, or refuse sooner.
func FuzzRequests(f *testing.F) {
	for i, d := range dialogs {
		f.Add([]byte(d), uint16(i*7))
	}
	f.Fuzz(func(t *testing.T, text []byte, piece uint16) {
		var ours []seen
		s := &Server{
			As: &http.Server{}, HeadTime: time.Hour, IdleTime: time.Hour, MaxHead: 64 << 10, Log: slog.New(slog.DiscardHandler),
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err == nil {
					ours = append(ours, see(r, body))
				}
			}),
		}
		s.Serve(&tape{said: bytes.NewReader(text), piece: 1 + int(piece)}, nil)
		var theirs []seen
		b := bufio.NewReader(strict.NewConn(&tape{said: bytes.NewReader(text), piece: len(text) + 1}, false, nil))
		for {
			r, err := http.ReadRequest(b)
			if err != nil {
				break
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				break
			}
			r.Header.Del("Host")
			theirs = append(theirs, see(r, body))
		}
		if len(ours) > len(theirs) {
			t.Fatalf("%d requests, net/http finds %d\n%+v", len(ours), len(theirs), ours)
		}
		for i := range ours {
			if a, b := norm(ours[i]), norm(theirs[i]); !reflect.DeepEqual(a, b) {
				t.Fatalf("request %d\n%+v\nnet/http\n%+v", i, a, b)
			}
		}
	})
}

// norm takes away what means the same.
func norm(s seen) seen {
	if len(s.Trailer) == 0 {
		s.Trailer = nil
	}
	s.URL = strings.TrimPrefix(s.URL, "http:")
	return s
}
