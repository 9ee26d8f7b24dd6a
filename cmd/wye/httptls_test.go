package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// secureClient asks an http listener by TLS, with HTTP/2 or without.
func secureClient(t testing.TB, c *tls.Config, h2, keep bool) *http.Client {
	tr := &http.Transport{TLSClientConfig: c, Protocols: new(http.Protocols), DisableKeepAlives: !keep}
	tr.Protocols.SetHTTP1(!h2)
	tr.Protocols.SetHTTP2(h2)
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// headers is a server that answers with the names of the fields that it gets.
func headers(t testing.TB) *httptest.Server {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var names []string
		for name := range r.Header {
			names = append(names, name)
		}
		sort.Strings(names)
		_, _ = io.WriteString(w, r.Proto+" "+strings.Join(names, " "))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	t.Cleanup(s.Close)
	return s
}

func getText(c *http.Client, url string) (*http.Response, string, error) {
	res, err := c.Get(url)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// TestHTTPTLSNames: the certificate is the one for the name that is asked for,
// and HTTP/2 is what a client gets that offers it, unless the listener does not.
func TestHTTPTLSNames(t *testing.T) {
	a := newAuthority(t)
	mainCert, mainKey := a.issue("main", "127.0.0.1", "main.example")
	shopCert, shopKey := a.issue("shop", "shop.example", "*.shop.example")
	server := headers(t)
	server.Start()
	cfg := func(more string) string {
		return fmt.Sprintf(`
tls: {main: {cert: %q, key: %q}, shop: {cert: %q, key: %q}}
listeners: [{name: main, kind: http, bind: "127.0.0.1:0", pool: web, tls: {use: main, also: [shop]}%s}]
pools: {web: {kind: http, servers: [%q], health: {check: none}}}
`, mainCert, mainKey, shopCert, shopKey, more, server.Listener.Addr())
	}
	p := startProcess(t, nil, cfg(""))
	for asked, want := range map[string]string{
		"main.example": "main", "shop.example": "shop", "a.shop.example": "shop", "other.example": "main", "127.0.0.1": "main",
	} {
		for _, h2 := range []bool{false, true} {
			c := a.client()
			c.ServerName = asked
			c.InsecureSkipVerify = asked == "other.example" // which nobody has a certificate for
			res, _, err := getText(secureClient(t, c, h2, false), "https://"+p.addr())
			if err != nil {
				t.Errorf("%s: %v", asked, err)
				continue
			}
			if name := res.TLS.PeerCertificates[0].Subject.CommonName; name != want || (res.ProtoMajor == 2) != h2 {
				t.Errorf("%s, HTTP/2 %v: certificate of %s by %s, want %s's", asked, h2, name, res.Proto, want)
			}
		}
	}
	p.reload(nil, cfg(", http: {http2: false}"), true)
	conn, err := tls.Dial("tcp", p.addr(), a.client("h2", "http/1.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if proto := conn.ConnectionState().NegotiatedProtocol; proto != "http/1.1" {
		t.Errorf("without http2 %q is agreed upon", proto)
	}
}

// TestHTTPTLSReload replaces the certificate under load, again and again: no
// request fails, on old conns or new, and the new one is shown.
func TestHTTPTLSReload(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue("0", "127.0.0.1")
	server := headers(t)
	server.Start()
	text := fmt.Sprintf(`
tls: {main: {cert: %q, key: %q}}
listeners: [{name: main, kind: http, bind: "127.0.0.1:0", pool: web, tls: {use: main}}]
pools: {web: {kind: http, servers: [%q], health: {check: none}}}
`, cert, key, server.Listener.Addr())
	p := startProcess(t, nil, text)
	var asked, failed atomic.Int64
	var seen sync.Map
	quit := make(chan struct{})
	var asking sync.WaitGroup
	for i := range 4 {
		c := secureClient(t, a.client(), i%2 == 0, i < 2) // old conns, and a new one for each request
		asking.Go(func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				res, _, err := getText(c, "https://"+p.addr())
				asked.Add(1)
				if err != nil || res.StatusCode != 200 {
					failed.Add(1)
					t.Errorf("%v, %v", res, err)
					return
				}
				seen.Store(res.TLS.PeerCertificates[0].Subject.CommonName, true)
			}
		})
	}
	for i := range envInt("WYE_DRILL_TLS_RELOADS", 10) {
		name := fmt.Sprint(i + 1)
		newCert, newKey := a.issue(name, "127.0.0.1")
		for from, to := range map[string]string{newCert: cert, newKey: key} {
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
		}
		p.reload(nil, text, true)
		eventually(t, "certificate "+name+" is shown", func() bool { _, ok := seen.Load(name); return ok || failed.Load() > 0 })
	}
	close(quit)
	asking.Wait()
	t.Logf("%d requests, %d failed", asked.Load(), failed.Load())
}

// TestHTTPClientCertificates: with verify-client every client shows one that
// client_ca signed; with client_ca alone who shows one shows a good one. Servers
// are told of neither.
func TestHTTPClientCertificates(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	cert, key := a.issue("main", "127.0.0.1")
	server := headers(t)
	server.Start()
	cfg := func(mode string) string {
		return fmt.Sprintf(`
tls: {main: {cert: %q, key: %q, client_ca: %q}}
listeners: [{name: main, kind: http, bind: "127.0.0.1:0", pool: web, tls: {use: main, mode: %s}}]
pools: {web: {kind: http, servers: [%q], health: {check: none}}}
`, cert, key, a.file, mode, server.Listener.Addr())
	}
	show := func(by *authority) []tls.Certificate {
		if by == nil {
			return nil
		}
		c, err := tls.LoadX509KeyPair(by.issue("alice"))
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{c}
	}
	p := startProcess(t, nil, cfg("verify-client"))
	for _, mode := range []string{"verify-client", "require"} {
		p.reload(nil, cfg(mode), true)
		for _, c := range []struct {
			name string
			by   *authority
			ok   bool
		}{{"none", nil, mode == "require"}, {"good", a, true}, {"another's", other, false}} {
			for _, h2 := range []bool{false, true} {
				conf := a.client()
				// Whatever the server says it takes, as a stranger would.
				certs := show(c.by)
				conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if certs == nil {
						return &tls.Certificate{}, nil
					}
					return &certs[0], nil
				}
				_, body, err := getText(secureClient(t, conf, h2, false), "https://"+p.addr())
				if (err == nil) != c.ok {
					t.Errorf("%s, certificate %s, HTTP/2 %v: %q, %v", mode, c.name, h2, body, err)
				}
				if want := "HTTP/1.1 Accept-Encoding User-Agent X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto"; err == nil && body != want {
					t.Errorf("the server was told %q, want %q", body, want)
				}
			}
		}
	}
}

// TestHTTPServerCertificates: a server's certificate is verified, its name too,
// as tls.mode says; where it does not do, clients get 502 and the reason.
func TestHTTPServerCertificates(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	load := func(a *authority, host string) tls.Certificate {
		c, err := tls.LoadX509KeyPair(a.issue("server "+host, host))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	clients := x509.NewCertPool()
	clients.AddCert(a.cert)
	serve := func(c tls.Certificate, h2 bool) string {
		s := headers(t)
		s.EnableHTTP2 = h2
		s.TLS = &tls.Config{Certificates: []tls.Certificate{c}, ClientCAs: clients, ClientAuth: tls.VerifyClientCertIfGiven}
		s.StartTLS()
		return s.Listener.Addr().String()
	}
	named, byAddr, strange := serve(load(a, "api.internal"), true), serve(load(a, "127.0.0.1"), false), serve(load(other, "127.0.0.1"), false)
	text := "listeners: [{name: main, kind: http, bind: \"127.0.0.1:0\", routes: {"
	pools := "pools:\n"
	const refused = "502 the server's certificate was not accepted"
	cases := []struct{ name, server, tls, http, want string }{
		{"address", byAddr, "", "", "200 HTTP/1.1"},
		{"h2", named, "server_name: api.internal", "http2: true", "200 HTTP/2.0"},
		{"no-h2", byAddr, "", "http2: true", "200 HTTP/1.1"},
		{"wrong-name", named, "", "", refused},
		{"other-name", byAddr, "server_name: api.internal", "", refused},
		{"strange", strange, "", "", refused},
		{"ca-only", named, "mode: verify-ca", "", "200 HTTP/1.1"},
		{"ca-strange", strange, "mode: verify-ca", "", refused},
	}
	for i, c := range cases {
		text += fmt.Sprintf("r%d: {path: /%s, pool: p%d}, ", i, c.name, i)
		settings := fmt.Sprintf("ca: %q", a.file)
		if c.tls != "" {
			settings += ", " + c.tls
		}
		pools += fmt.Sprintf("  p%d: {kind: http, servers: [%q], health: {check: none}, tls: {%s}, http: {%s}}\n", i, c.server, settings, c.http)
	}
	p := startProcess(t, nil, text+"}}]\n"+pools)
	for _, c := range cases {
		res, body, err := getText(http.DefaultClient, "http://"+p.addr()+"/"+c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(res.StatusCode, " ", strings.TrimPrefix(body, "502 Bad Gateway: ")); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
