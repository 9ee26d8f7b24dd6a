package httpproxy

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// h2specMisses are how many cases of h2spec 2.2.1 Go's server does not pass,
// on purpose: two SETTINGS_INITIAL_WINDOW_SIZE in one frame end the conn
// (6.5.3/1), and a request with a field of HTTP/1.1's conns or another TE than
// trailers gets 400 in place of a reset (8.1.2.2/1 and 2). Neither reaches a
// server.
const h2specMisses = 3

// TestH2Spec runs h2spec against a listener. It takes the program that
// WYE_H2SPEC names; `make h2spec` builds it.
func TestH2Spec(t *testing.T) {
	tool := os.Getenv("WYE_H2SPEC")
	if tool == "" {
		t.Skip("WYE_H2SPEC names no h2spec: make h2spec")
	}
	certified := httptest.NewTLSServer(nil) // for its certificate
	defer certified.Close()
	set := all(poolOf(t, named(t, strings.Repeat("a", 1024))))
	set.TLS = &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
	_, addr := start(t, set)
	host, port, _ := net.SplitHostPort(addr)
	out, _ := exec.Command(tool, "-h", host, "-p", port, "-o", "5", "-t", "-k", "-S").CombinedOutput() // fails with the misses
	m := regexp.MustCompile(`(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("h2spec says:\n%s", out)
	}
	passed, _ := strconv.Atoi(string(m[2]))
	total, _ := strconv.Atoi(string(m[1]))
	t.Logf("%s", m[0])
	if passed < 140 || total-passed > h2specMisses {
		_, fails, _ := strings.Cut(string(out), "Failures:")
		t.Errorf("%d of %d passed; the others:%s", passed, total, fails)
	}
}
