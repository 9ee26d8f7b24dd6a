package httpproxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/protocol/proxyheader"
	"github.com/wyeproxy/wye/proxy/crowd"
	"github.com/wyeproxy/wye/proxy/upstream"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// fromProxy opens conns that begin with the header, whoever is dialled.
func fromProxy(header []byte) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			_, err = c.Write(header)
		}
		return c, err
	}
}

// shower answers with what a server learns of a request's client.
func shower(t *testing.T) string {
	return origin(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s", r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto"), r.Header.Get("Forwarded"))
	})
}

// TestProxyHeader: what a balancer's header says is what servers, the log and
// rates know the client by, whatever the client itself says.
func TestProxyHeader(t *testing.T) {
	at := netip.MustParseAddrPort("192.0.2.9:80")
	v4, v6 := netip.MustParseAddrPort("198.51.100.7:4711"), netip.MustParseAddrPort("[2001:db8::7]:4711")
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	t.Cleanup(certs.Close)
	for _, c := range []struct {
		name   string
		header []byte
		client string
		scheme string
		h2     bool
	}{
		{"v1", proxyheader.AppendV1(nil, v4, at), "198.51.100.7", "http", false},
		{"v2", proxyheader.AppendV2(nil, v4, at), "198.51.100.7", "http", false},
		{"v1 of IPv6", proxyheader.AppendV1(nil, v6, v6), "2001:db8::7", "http", false},
		{"v2 of IPv6", proxyheader.AppendV2(nil, v6, v6), "2001:db8::7", "http", false},
		{"v2 with extensions", withTLV(proxyheader.AppendV2(nil, v4, at)), "198.51.100.7", "http", false},
		{"v1, unknown", []byte("PROXY UNKNOWN\r\n"), "127.0.0.1", "http", false},
		{"v2, the balancer's own", proxyheader.AppendV2(nil, netip.AddrPort{}, at), "127.0.0.1", "http", false},
		{"v1, then h2c", proxyheader.AppendV1(nil, v4, at), "198.51.100.7", "http", true},
		{"v2, then TLS", proxyheader.AppendV2(nil, v4, at), "198.51.100.7", "https", false},
		{"v1, then TLS and h2", proxyheader.AppendV1(nil, v4, at), "198.51.100.7", "https", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out syncBuffer
			set := all(poolOf(t, shower(t)))
			set.Introducers, set.H2C, set.Forwarded = loopback, true, true
			set.Routes[0].Rate = &Rate{Requests: 2, Per: time.Hour}
			if c.scheme == "https" {
				set.TLS = &tls.Config{Certificates: certs.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
			}
			_, addr := startWith(t, Options{Access: NewAccessLog(&out, true)}, set)
			tr := &http.Transport{DialContext: fromProxy(c.header), Protocols: new(http.Protocols), TLSClientConfig: &tls.Config{
				RootCAs: certs.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}}
			tr.Protocols.SetHTTP1(!c.h2)
			tr.Protocols.SetHTTP2(c.h2)
			tr.Protocols.SetUnencryptedHTTP2(c.h2)
			t.Cleanup(tr.CloseIdleConnections)
			r := request(t, "GET", addr, "/", "", "X-Forwarded-For: 203.0.113.1")
			r.URL.Scheme = c.scheme
			for _, want := range []int{200, 200, 429} {
				res, err := tr.RoundTrip(r)
				if err != nil {
					t.Fatal(err)
				}
				b, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if res.StatusCode != want || (res.ProtoMajor == 2) != c.h2 {
					t.Errorf("%s by %s, want %d", res.Status, res.Proto, want)
				}
				element := "for=" + c.client
				if strings.Contains(c.client, ":") {
					element = `for="[` + c.client + `]"`
				}
				if want == 200 && !strings.HasPrefix(string(b), c.client+" "+c.scheme+" "+element+";") {
					t.Errorf("the server was told %q", b)
				}
			}
			within(t, func() bool { return strings.Count(out.String(), "\n") == 3 })
			var line struct{ Client string }
			if err := json.Unmarshal([]byte(out.String()[:strings.Index(out.String(), "\n")]), &line); err != nil || line.Client != c.client {
				t.Errorf("logged %s", out.String())
			}
		})
	}
}

// withTLV adds an extension (the name that the client asked for, by TLS).
func withTLV(header []byte) []byte {
	tlv := append([]byte{0x02, 0, 11}, "example.com"...)
	header[15] += byte(len(tlv))
	return append(header, tlv...)
}

// TestProxyHeaderAndTrustedProxies: behind the header's client, which is a
// proxy that is trusted, stands whom that names.
func TestProxyHeaderAndTrustedProxies(t *testing.T) {
	set := all(poolOf(t, shower(t)))
	set.Introducers, set.Trusted = loopback, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	_, addr := start(t, set)
	for peer, want := range map[string]string{"198.51.100.7:1": "203.0.113.1, 198.51.100.7", "192.0.2.7:1": "192.0.2.7"} {
		tr := &http.Transport{DialContext: fromProxy(proxyheader.AppendV1(nil, netip.MustParseAddrPort(peer), netip.MustParseAddrPort("192.0.2.9:80")))}
		res, err := tr.RoundTrip(request(t, "GET", addr, "/", "", "X-Forwarded-For: 203.0.113.1"))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		tr.CloseIdleConnections()
		if got, _, _ := strings.Cut(string(b), " http"); got != want {
			t.Errorf("from %s: the server was told %q, want %q", peer, got, want)
		}
	}
}

// TestProxyHeaderInPieces: it may come byte by byte, and with the request behind it.
func TestProxyHeaderInPieces(t *testing.T) {
	set := all(poolOf(t, shower(t)))
	set.Introducers = loopback
	_, addr := start(t, set)
	text := string(proxyheader.AppendV1(nil, netip.MustParseAddrPort("198.51.100.7:1"), netip.MustParseAddrPort("192.0.2.9:80"))) + h("GET / HTTP/1.1")
	for _, size := range []int{1, 7, len(text)} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.(*net.TCPConn).SetNoDelay(true)
		for rest := text; rest != ""; rest = rest[min(size, len(rest)):] {
			_, _ = io.WriteString(c, rest[:min(size, len(rest))])
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, _ := io.ReadAll(res.Body); !strings.HasPrefix(string(b), "198.51.100.7 ") {
			t.Errorf("pieces of %d: %q", size, b)
		}
		_ = c.Close()
	}
}

// TestProxyHeaderMissing: who must send one and does not is turned away, without
// an answer; who stays silent, at its limit; who may not send one, by 400.
func TestProxyHeaderMissing(t *testing.T) {
	set := all(poolOf(t, shower(t)))
	set.Limits.HeadTime = 300 * time.Millisecond
	set.Introducers = loopback
	s, addr := start(t, set)
	for text, counted := range map[string]int64{h("GET / HTTP/1.1"): 1, "PROXY TCP4 1.2.3.4": 1, "": 1, "PROXY TCP4 nonsense\r\n": 1} {
		_, _, before, _ := s.Conns()
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, text)
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		b, err := io.ReadAll(c)
		if ne, ok := err.(net.Error); len(b) > 0 || ok && ne.Timeout() {
			t.Errorf("%q: answered %q, %v", text, b, err)
		}
		within(t, func() bool { now, _, after, _ := s.Conns(); return now == 0 && after == before+counted })
		_ = c.Close()
	}
	set.Introducers = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	if err := s.Use(set); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "PROXY TCP4 198.51.100.7 192.0.2.9 1 80\r\n"+h("GET / HTTP/1.1"))
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 400 {
		t.Errorf("a stranger's header: %v, %v", res, err)
	}
}

// TestPerClient: conns of one address are bounded, at once and by their rate;
// behind a balancer that is the client's, and not the balancer's.
func TestPerClient(t *testing.T) {
	set := all(poolOf(t, named(t, "a")))
	set.Introducers, set.PerClient = loopback, crowd.Limit{Max: 2}
	s, addr := start(t, set)
	open := func(client string) (net.Conn, bool) {
		t.Helper()
		header := proxyheader.AppendV1(nil, netip.MustParseAddrPort(client), netip.MustParseAddrPort(strings.Replace(client, "7", "9", 1)))
		c, err := fromProxy(header)(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, h("GET / HTTP/1.1"))
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err == nil && res.StatusCode == 200 {
			return c, true
		}
		return c, false
	}
	first, ok1 := open("198.51.100.7:1")
	_, ok2 := open("198.51.100.7:2")
	if _, ok := open("198.51.100.7:3"); ok || !ok1 || !ok2 {
		t.Errorf("of three conns of one address, which may have two: %v %v %v", ok1, ok2, ok)
	}
	if _, ok := open("203.0.113.7:1"); !ok {
		t.Error("another address behind the same balancer is refused")
	}
	_, ok1 = open("[2001:db8::7]:1")
	_, ok2 = open("[2001:db8::7:ffff]:1")
	if _, ok := open("[2001:db8::7:7]:1"); ok || !ok1 || !ok2 {
		t.Errorf("of three conns of one /64: %v %v %v", ok1, ok2, ok)
	}
	if _, _, away, _ := s.Conns(); away != 2 {
		t.Errorf("%d are counted as turned away, of 2", away)
	}
	_ = first.Close()
	within(t, func() bool { _, ok := open("198.51.100.7:4"); return ok })

	set.PerClient, set.Introducers = crowd.Limit{Rate: 1, Burst: 3}, nil
	if err := s.Use(set); err != nil {
		t.Fatal(err)
	}
	let := 0
	began := time.Now()
	for range 20 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, h("GET / HTTP/1.1"))
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		if res, err := http.ReadResponse(bufio.NewReader(c), nil); err == nil && res.StatusCode == 200 {
			let++
		}
		_ = c.Close()
	}
	if most := 3 + int(time.Since(began).Seconds()) + 1; let < 3 || let > most {
		t.Errorf("%d of 20 were let in, want 3, and no more than %d", let, most)
	}
}

// TestShutdownOfArriving: conns that have not said who they are do not hold up
// the end.
func TestShutdownOfArriving(t *testing.T) {
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	t.Cleanup(certs.Close)
	p := poolWith(t, upstream.Settings{}, PoolSettings{}, named(t, "a"))
	for name, change := range map[string]func(*Settings){
		"TLS":   func(s *Settings) { s.TLS = &tls.Config{Certificates: certs.TLS.Certificates} },
		"PROXY": func(s *Settings) { s.Introducers = loopback },
	} {
		set := all(p)
		set.Limits.HeadTime = time.Hour
		change(&set)
		s, addr := start(t, set)
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		within(t, func() bool { now, _, _, _ := s.Conns(); return now == 1 })
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("%s: a silent conn holds it up: %v", name, err)
		}
	}
}
