package httpproxy

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestProberOverTLS: a check passes and fails for the server's sake only.
func TestProberOverTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	known := &tls.Config{RootCAs: s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}
	for name, c := range map[string]struct {
		prober Prober
		passes bool
	}{
		"dial":           {Prober{Dial: true, TLS: known}, true},
		"request":        {Prober{TLS: known}, true},
		"HTTP/2":         {Prober{TLS: known, HTTP2: true}, true},
		"status":         {Prober{TLS: known, Path: "/down"}, false},
		"who is unknown": {Prober{Dial: true, TLS: &tls.Config{ServerName: "example.com"}}, false},
	} {
		if _, err := c.prober.Probe(t.Context(), s.Listener.Addr().String()); (err == nil) != c.passes {
			t.Errorf("%s: %v", name, err)
		}
	}
}
