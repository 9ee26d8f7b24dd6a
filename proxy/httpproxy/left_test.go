package httpproxy

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// TestClientLeaves: the server of a client that has left hears of it, the books
// have it as the client's doing, and others are served on.
func TestClientLeaves(t *testing.T) {
	around := func(next http.RoundTripper) http.RoundTripper { return next }
	for name, c := range map[string]struct {
		around func(http.RoundTripper) http.RoundTripper
		http2  bool
	}{"plain": {}, "behind what Around puts there": {around: around}, "to HTTP/2": {http2: true}} {
		t.Run(name, func(t *testing.T) {
			var asked, left atomic.Int32
			handler := func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/slow" {
					asked.Add(1)
					<-r.Context().Done()
					left.Add(1)
					return
				}
				_, _ = io.WriteString(w, "here")
			}
			addrOf := func() string {
				if c.http2 {
					return h2cOrigin(t, handler)
				}
				return origin(t, handler)
			}
			set := all(poolOf(t, addrOf()))
			if c.http2 {
				set.Routes[0].To[0].Pool.Use(PoolSettings{HTTP2: true})
			}
			set.Routes[0].Around = c.around
			s, addr := start(t, set)
			for n := range int32(3) {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(nc, "GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				soon(t, func() bool { return asked.Load() == n+1 })
				_ = nc.Close()
				soon(t, func() bool { return left.Load() == n+1 })
				soon(t, func() bool { return s.Count.Read().Classes[4] == int64(n+1) })
				if _, body := get(t, addr, "/"); body != "here" {
					t.Errorf("the next hears %q", body)
				}
			}
		})
	}
}
