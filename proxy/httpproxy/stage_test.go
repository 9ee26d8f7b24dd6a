package httpproxy

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// origin is a real server behind the proxy.
func origin(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.DisableGeneralOptionsHandler = true
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// named is an origin that answers with its name.
func named(t *testing.T, name string) string {
	t.Helper()
	return origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Server", name)
		_, _ = io.WriteString(w, name)
	})
}

func poolWith(t *testing.T, set upstream.Settings, ps PoolSettings, addrs ...string) *Pool {
	t.Helper()
	var ts []upstream.Target
	for _, a := range addrs {
		ts = append(ts, upstream.Target{Addr: a})
	}
	up, err := upstream.New(upstream.Options{}, set, ts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	p := NewPool("pool", up, ps)
	t.Cleanup(p.Close)
	return p
}

func poolOf(t *testing.T, addrs ...string) *Pool {
	t.Helper()
	return poolWith(t, upstream.Settings{Policy: upstream.RoundRobin}, PoolSettings{}, addrs...)
}

// all is the route that takes every request to the pool.
func all(p *Pool) Settings {
	return Settings{Name: "web", Routes: []Route{{Name: "all", To: []Share{{Pool: p, Weight: 1}}}}}
}

// start serves the settings and returns where.
func start(t *testing.T, set Settings) (*Server, string) {
	t.Helper()
	return startWith(t, Options{}, set)
}

func startWith(t *testing.T, o Options, set Settings) (*Server, string) {
	t.Helper()
	s, err := New(o, set)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.Shutdown(ctx) != nil {
			_ = s.Close()
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// ask sends a request and returns the answer with its body read.
func ask(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	res, body, err := tryAsk(r)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// plain is a client that neither follows redirects nor decodes.
var plain = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       30 * time.Second,
}

func tryAsk(r *http.Request) (*http.Response, string, error) {
	res, err := plain.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// request is a request to the proxy; fields are "Name: value", Host among them.
func request(t *testing.T, method, addr, target, body string, fields ...string) *http.Request {
	t.Helper()
	var src io.Reader
	if body != "" {
		src = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, "http://"+addr, src)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Path, r.URL.RawPath, r.URL.RawQuery = u.Path, u.RawPath, u.RawQuery
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

func get(t *testing.T, addr, target string, fields ...string) (*http.Response, string) {
	t.Helper()
	return ask(t, request(t, http.MethodGet, addr, target, "", fields...))
}
