package httpproxy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// picky reads a body where the path is /yes, and else refuses the request at
// once: by 401, or by 417 where the path is /417.
func picky(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/yes":
		b, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", b, err)
	case "/417":
		w.WriteHeader(http.StatusExpectationFailed)
	default:
		w.WriteHeader(http.StatusUnauthorized)
	}
}

// TestExpectContinue: a client that waits for 100 before it sends a body gets it
// when its server wants the body; when that refuses, the refusal alone, and
// then nobody waits for a body.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprint("server by HTTP/2 ", h2), func(t *testing.T) {
			t.Parallel()
			set := all(poolWith(t, upstream.Settings{}, PoolSettings{HTTP2: h2}, h2cOrigin(t, picky)))
			set.Routes = append(set.Routes, Route{Name: "small", Match: Match{Path: "/413"}, BodyBytes: 4, To: set.Routes[0].To},
				Route{Name: "down", Match: Match{Path: "/502"}, To: to(poolOf(t, "127.0.0.1:1"))})
			_, addr := start(t, set)
			for _, method := range []string{"POST", "PUT"} { // the latter could be held in memory
				for path, status := range map[string]int{"/yes": 200, "/401": 401, "/417": 417, "/413": 413, "/502": 502} {
					c, err := net.Dial("tcp", addr)
					if err != nil {
						t.Fatal(err)
					}
					defer c.Close()
					_ = c.SetDeadline(time.Now().Add(20 * time.Second))
					fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", method, path)
					in := bufio.NewReader(c)
					first, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatalf("%s %s: %v", method, path, err)
					}
					if status != 200 {
						if first.StatusCode != status {
							t.Errorf("%s %s: %s, want %d and nothing before", method, path, first.Status, status)
						}
						if rest, err := io.ReadAll(in); err != nil || strings.Contains(string(rest), "HTTP/1.1") {
							t.Errorf("%s %s: then %q, %v, want the end", method, path, rest, err)
						}
						continue
					}
					if first.StatusCode != http.StatusContinue {
						t.Errorf("%s %s: %s, want 100", method, path, first.Status)
						continue
					}
					_, _ = io.WriteString(c, "12345")
					res, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatal(err)
					}
					if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(b) != "12345 <nil>" {
						t.Errorf("%s %s: %s %q", method, path, res.Status, b)
					}
				}
			}
		})
	}
}

// h2cOrigin is an origin that takes HTTP/2 too.
func h2cOrigin(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return l.Addr().String()
}

// TestEarlyHints: 103 reaches the client before the answer, which is not there
// yet, by either protocol on either side.
func TestEarlyHints(t *testing.T) {
	t.Parallel()
	for i := range 4 {
		clientH2, serverH2 := i&1 != 0, i&2 != 0
		t.Run(fmt.Sprintf("client by HTTP/2 %v, server %v", clientH2, serverH2), func(t *testing.T) {
			t.Parallel()
			hinted := make(chan bool)
			a := h2cOrigin(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", "</style.css>; rel=preload")
				w.WriteHeader(http.StatusEarlyHints)
				w.Header().Add("Link", "</script.js>; rel=preload")
				w.WriteHeader(http.StatusEarlyHints)
				select {
				case <-hinted:
				case <-r.Context().Done():
					return
				}
				w.Header().Del("Link")
				_, _ = io.WriteString(w, "the page")
			})
			set := all(poolWith(t, upstream.Settings{}, PoolSettings{HTTP2: serverH2}, a))
			set.H2C = true
			_, addr := start(t, set)
			var links []int
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if code != http.StatusEarlyHints {
					return errors.New("another interim answer")
				}
				if links = append(links, len(h.Values("Link"))); len(links) == 2 {
					close(hinted)
				}
				return nil
			}})
			res, err := over(t, clientH2, 0).RoundTrip(request(t, "GET", addr, "/", "").WithContext(ctx))
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if b, _ := io.ReadAll(res.Body); string(b) != "the page" || res.Header.Get("Link") != "" || fmt.Sprint(links) != "[1 2]" {
				t.Errorf("%s %v, hints with %v links", b, res.Header, links)
			}
		})
	}
}
