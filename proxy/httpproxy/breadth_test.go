package httpproxy

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// to is a route's pools.
func to(ps ...*Pool) (out []Share) {
	for _, p := range ps {
		out = append(out, Share{Pool: p, Weight: 1})
	}
	return out
}

func TestRewritesAndRedirects(t *testing.T) {
	echo := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Powered-By", "origin")
		fmt.Fprintf(w, "%s %s a=%q b=%q", r.Host, r.RequestURI, r.Header["X-A"], r.Header["X-B"])
	})
	p := poolOf(t, echo)
	_, addr := start(t, Settings{Name: "web", Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Routes: []Route{
		{Name: "prefix", Match: Match{Path: "/api"}, To: to(p), Rewrite: Rewrite{Prefix: "/v2", Host: "api.internal",
			Request: Fields{Remove: []string{"x-b"}, Set: []Field{{"x-a", "1"}}, Add: []Field{{"x-a", "2"}}},
			Answer:  Fields{Remove: []string{"x-powered-by"}, Set: []Field{{"X-Frame-Options", "DENY"}}}}},
		{Name: "root", Match: Match{Path: "/app"}, To: to(p), Rewrite: Rewrite{Prefix: "/"}},
		{Name: "like", Match: Match{Path: "/u/[0-9]+/.*", Kind: Regexp}, To: to(p), Rewrite: Rewrite{Like: regexp.MustCompile(`^/u/(\d+)/`), With: "/users/$1/x/"}},
		{Name: "gone", Match: Match{Path: "/old"}, Redirect: &Redirect{Status: 301, Scheme: "https", Host: "new.example"}, Rewrite: Rewrite{Prefix: "/new"}},
		{Name: "secure", Match: Match{Path: "/secure"}, Redirect: &Redirect{}},
	}})
	for _, c := range []struct{ path, want string }{
		{"/api/x%2Fy?q=1", `api.internal /v2/x%2Fy?q=1 a=["1" "2"] b=[]`},
		{"/api", `api.internal /v2 a=["1" "2"] b=[]`},
		{"/app/x", `shop.example /x a=[] b=["9"]`},
		{"/app", `shop.example / a=[] b=["9"]`},
		{"/u/17/y/z", `shop.example /users/17/x/y/z a=[] b=["9"]`},
	} {
		res, body := get(t, addr, c.path, "Host: shop.example", "X-B: 9")
		if body != c.want {
			t.Errorf("%s: the server saw %s, want %s", c.path, body, c.want)
		}
		if api := strings.HasPrefix(c.path, "/api"); api && (res.Header.Get("X-Powered-By") != "" || res.Header.Get("X-Frame-Options") != "DENY") {
			t.Errorf("%s: answer has %v", c.path, res.Header)
		}
	}
	for _, c := range []struct {
		path   string
		status int
		want   string
		proto  string
	}{
		{"/old/a%20b?x=1", 301, "https://new.example/new/a%20b?x=1", ""},
		{"/secure/y", 308, "http://shop.example/secure/y", ""},
		{"/secure/y", 308, "https://shop.example/secure/y", "https"},
	} {
		res, _ := get(t, addr, c.path, "Host: shop.example", "X-Forwarded-Proto: "+c.proto)
		if res.StatusCode != c.status || res.Header.Get("Location") != c.want {
			t.Errorf("%s: %d to %s, want %d to %s", c.path, res.StatusCode, res.Header.Get("Location"), c.status, c.want)
		}
	}
}

func TestStickyYields(t *testing.T) {
	p := poolOf(t, named(t, "a"), named(t, "b"), named(t, "c"))
	set := all(p)
	set.Routes[0].Sticky = &Sticky{}
	set.Key = []byte("a key of the configuration")
	_, addr := start(t, set)
	res, first := get(t, addr, "/")
	c := res.Cookies()
	if len(c) != 1 || c[0].Name != "LB" || !c[0].HttpOnly || strings.Contains(c[0].Value, "127.0.0.1") {
		t.Fatalf("cookies %v", c)
	}
	cookie := "Cookie: LB=" + c[0].Value
	for range 20 {
		if res, name := get(t, addr, "/", cookie); name != first || len(res.Cookies()) != 0 {
			t.Fatalf("went to %s, began at %s; new cookies %v", name, first, res.Cookies())
		}
	}
	// Others' and invented cookies choose nothing.
	forged := c[0].Value[:len(c[0].Value)-1] + "x"
	if forged == c[0].Value {
		forged = forged[:len(forged)-1] + "y"
	}
	seen := map[string]bool{}
	for range 9 {
		_, name := get(t, addr, "/", "Cookie: LB="+forged)
		seen[name] = true
	}
	if len(seen) != 3 {
		t.Errorf("a cookie nobody gave led to %v", seen)
	}
	for _, up := range p.Upstreams() {
		if _, body := get(t, addr, "/", cookie); body == first && up.Addr == p.Upstreams()[strings.Index("abc", first)].Addr {
			up.Drain(true)
		}
	}
	res, name := get(t, addr, "/", cookie)
	if name == first || len(res.Cookies()) != 1 {
		t.Errorf("drained server %s: request went to %s, cookies %v", first, name, res.Cookies())
	}
}

func TestCanary(t *testing.T) {
	stable, canary := poolOf(t, named(t, "stable")), poolOf(t, named(t, "canary"))
	stable.Name, canary.Name = "stable", "canary"
	_, addr := start(t, Settings{Name: "web", Routes: []Route{{Name: "all", Sticky: &Sticky{Pool: true, Cookie: "canary"},
		To: []Share{{stable, 3}, {canary, 1}}}}})
	const n = 2000
	counts, cookies := map[string]int{}, map[string]string{}
	for range n {
		res, name := get(t, addr, "/")
		counts[name]++
		cookies[name] = res.Cookies()[0].Value
	}
	// Five standard deviations of a binomial.
	if d := counts["canary"] - n/4; d < -97 || d > 97 {
		t.Errorf("%v of %d, want a quarter on the canary", counts, n)
	}
	for name, c := range cookies {
		for range 20 {
			if _, got := get(t, addr, "/", "Cookie: canary="+c); got != name {
				t.Fatalf("cookie of %s led to %s", name, got)
			}
		}
	}
}

func TestMirrorIsBoundedAndUnseen(t *testing.T) {
	seen := make(chan string, 1000)
	stuck := make(chan bool)
	shadow := origin(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen <- r.Method + " " + string(b)
		<-stuck
		w.WriteHeader(500)
	})
	set := all(poolOf(t, named(t, "a")))
	set.Routes[0].Mirror = &Mirror{Pool: poolOf(t, shadow), Body: 8}
	s, addr := start(t, set)
	for _, body := range []string{"", "12345678", "123456789"} {
		if res, got := ask(t, request(t, "POST", addr, "/", body)); res.StatusCode != 200 && got != "a" {
			t.Errorf("%d %q", res.StatusCode, got)
		}
	}
	got := map[string]bool{<-seen: true, <-seen: true}
	if !got["POST "] || !got["POST 12345678"] {
		t.Errorf("mirrored %v", got)
	}
	for range mirrorWorkers + mirrorQueue + 20 {
		get(t, addr, "/")
	}
	if d := s.mirrors.Load().dropped.Load(); d < 1 || d > 40 {
		t.Errorf("%d copies dropped while the mirror is stuck", d)
	}
	close(stuck)
}

func TestRetries(t *testing.T) {
	var asked [3]atomic.Int64
	bad := origin(t, func(w http.ResponseWriter, r *http.Request) {
		asked[0].Add(1)
		w.WriteHeader(503)
	})
	lost := origin(t, func(w http.ResponseWriter, r *http.Request) {
		asked[1].Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	good := origin(t, func(w http.ResponseWriter, r *http.Request) {
		asked[2].Add(1)
		b, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "good %s", b)
	})
	p := poolWith(t, upstream.Settings{Policy: upstream.First, Ejection: upstream.Ejection{Failures: -1}}, PoolSettings{}, "127.0.0.1:1", bad, lost, good)
	set := all(p)
	set.Routes[0].Retry = Retry{Tries: 4, Statuses: []int{503}}
	s, addr := start(t, set)
	for _, c := range []struct {
		method, body string
		status       int
		want         string
	}{
		{"GET", "", 200, "good "},
		{"PUT", "a body", 200, "good a body"},
		{"POST", "a body", 503, ""}, // reached a server, so it stays there
	} {
		res, body := ask(t, request(t, c.method, addr, "/", c.body))
		if res.StatusCode != c.status || body != c.want {
			t.Errorf("%s: %d %q, want %d %q", c.method, res.StatusCode, body, c.status, c.want)
		}
	}
	if a, b, g := asked[0].Load(), asked[1].Load(), asked[2].Load(); a != 3 || b != 2 || g != 2 {
		t.Errorf("servers were asked %d, %d and %d times, want 3, 2, 2", a, b, g)
	}
	if n := s.Count.Read().Retries; n != 7 {
		t.Errorf("%d retries counted, want 3 + 3 + 1", n)
	}
}

func TestTryTimes(t *testing.T) {
	release := make(chan bool)
	slow := origin(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	fast := named(t, "fast")
	p := poolWith(t, upstream.Settings{Policy: upstream.First}, PoolSettings{}, slow, fast)
	set := all(p)
	set.Routes[0].Retry = Retry{Time: 100 * time.Millisecond}
	_, addr := start(t, set)
	if res, body := get(t, addr, "/"); res.StatusCode != 200 || body != "fast" {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	if res, _ := ask(t, request(t, "POST", addr, "/", "x")); res.StatusCode != 504 {
		t.Errorf("POST to a slow server: %d", res.StatusCode)
	}
}

func TestRate(t *testing.T) {
	set := all(poolOf(t, named(t, "a")))
	set.Routes[0].Rate = &Rate{Requests: 1, Per: time.Hour, Burst: 3, By: KeyOf{From: ByHeader, Name: "X-Key"}}
	s, addr := start(t, set)
	for i := range 5 {
		res, _ := get(t, addr, "/", "X-Key: a")
		want := 200
		if i >= 3 {
			want = 429
		}
		if res.StatusCode != want || want == 429 && res.Header.Get("Retry-After") != "3600" {
			t.Errorf("request %d: %d, Retry-After %q", i, res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	if err := s.Use(set); err != nil { // a reload forgives nothing
		t.Fatal(err)
	}
	if res, _ := get(t, addr, "/", "X-Key: a"); res.StatusCode != 429 {
		t.Errorf("after a reload %d", res.StatusCode)
	}
	if res, _ := get(t, addr, "/", "X-Key: b"); res.StatusCode != 200 {
		t.Errorf("another key: %d", res.StatusCode)
	}
}

// TestLimiter: in any time T at most burst + rate*T pass, who waits as told
// passes, and memory is bounded.
func TestLimiter(t *testing.T) {
	l := newLimiter(Rate{Requests: 10, Burst: 5, Keys: 1600})
	passed, now := 0, int64(time.Hour)
	for range 1000 {
		now += int64(time.Millisecond)
		if l.take("a", now) == 0 {
			passed++
		}
	}
	if passed != 5+10-1 && passed != 5+10 {
		t.Errorf("%d passed in a second, want a burst of 5 and 10", passed)
	}
	if w := l.take("a", now); w == 0 || l.take("a", now+int64(w)) != 0 {
		t.Errorf("told to wait %v, and then again", w)
	}
	for i := range 10_000 {
		l.take(fmt.Sprint(i), now)
	}
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].young) + len(l.shards[i].old)
	}
	if n > 1600 {
		t.Errorf("%d keys kept of 1600", n)
	}
}

func TestQueueAndLimits(t *testing.T) {
	release := make(chan bool)
	busy := origin(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	p := poolWith(t, upstream.Settings{MaxConns: 1, Queue: upstream.Queue{Length: 1, Timeout: 200 * time.Millisecond}}, PoolSettings{}, busy)
	_, addr := start(t, all(p))
	done := make(chan error, 1)
	go func() {
		_, _, err := tryAsk(request(t, "GET", addr, "/", ""))
		done <- err
	}()
	within(t, func() bool { return p.View(p.Now())[0].Active == 1 })
	var statuses sync.Map
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			res, body, err := tryAsk(request(t, "GET", addr, "/", ""))
			if err != nil || res.StatusCode != 503 {
				t.Errorf("%v, %v", res, err)
				return
			}
			statuses.Store(body, true)
		})
	}
	wg.Wait()
	for _, want := range []string{"503 Service Unavailable: every server stayed busy\n", "503 Service Unavailable: no server can take the request now\n"} {
		if _, ok := statuses.Load(want); !ok {
			t.Errorf("nobody was told %q", want)
		}
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestCompression(t *testing.T) {
	long := strings.Repeat("a long text. ", 1000)
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		w.Header().Set("Etag", `"1"`)
		if enc := r.URL.Query().Get("enc"); enc != "" {
			w.Header().Set("Content-Encoding", enc)
		}
		_, _ = io.WriteString(w, long)
	})
	set := all(poolOf(t, a))
	set.Routes[0].Compress = true
	_, addr := start(t, set)
	for _, c := range []struct {
		query, accept, coding, vary string
	}{
		{"type=text/html", "gzip", "gzip", "Accept-Encoding"},
		{"type=application/json", "br, gzip;q=0.5", "gzip", "Accept-Encoding"},
		{"type=text/html", "gzip;q=0, *", "", "Accept-Encoding"},
		{"type=text/html", "", "", "Accept-Encoding"},
		{"type=image/png", "gzip", "", ""},
		{"type=text/html&enc=br", "gzip", "br", ""},
	} {
		res, body := get(t, addr, "/?"+c.query, "Accept-Encoding: "+c.accept)
		if res.Header.Get("Content-Encoding") != c.coding || res.Header.Get("Vary") != c.vary {
			t.Errorf("%+v: coding %q, vary %q", c, res.Header.Get("Content-Encoding"), res.Header.Get("Vary"))
		}
		if c.coding == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(z)
			if err != nil || string(b) != long || len(body) > len(long)/10 || res.Header.Get("Etag") != `W/"1"` {
				t.Errorf("%d bytes from %d, %v, etag %s", len(b), len(body), err, res.Header.Get("Etag"))
			}
		} else if body != long {
			t.Errorf("%+v: body of %d bytes", c, len(body))
		}
	}
}

func TestAccessLog(t *testing.T) {
	var out syncBuffer
	log := NewAccessLog(&out, true)
	set := all(poolOf(t, named(t, "a")))
	_, addr := startWith(t, Options{Access: log}, set)
	get(t, addr, "/x?y=1", "User-Agent: a \"quoted\" \xff \\ agent", "Host: shop.example")
	within(t, func() bool { return out.String() != "" })
	var line struct {
		Method, URI, Host, Agent, Route, Server, Client string
		Status, Bytes, Tries                            int
	}
	if !strings.Contains(out.String(), `"agent":"a \"quoted\" � \\ agent"`) {
		t.Error(out.String())
	}
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil {
		t.Fatalf("%s: %v", out.String(), err)
	}
	if line.Method != "GET" || line.URI != "/x?y=1" || line.Host != "shop.example" || line.Route != "all" || line.Client != "127.0.0.1" ||
		line.Status != 200 || line.Bytes != 1 || line.Tries != 1 || line.Server == "" {
		t.Errorf("logged %+v", line)
	}
}

func TestTLSAndHTTP2(t *testing.T) {
	origin := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Proto, r.Header.Get("X-Forwarded-Proto"))
	}))
	origin.EnableHTTP2 = true
	origin.StartTLS()
	t.Cleanup(origin.Close)
	roots := origin.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	p := poolWith(t, upstream.Settings{}, PoolSettings{HTTP2: true, TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}}, origin.Listener.Addr().String())
	set := all(p)
	set.TLS = &tls.Config{Certificates: origin.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}}
	_, addr := start(t, set)
	for _, h2 := range []bool{true, false} {
		tr := &http.Transport{ForceAttemptHTTP2: h2, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
		res, err := (&http.Client{Transport: tr}).Get("https://" + addr + "/")
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(b) != "HTTP/2.0 https" || (res.ProtoMajor == 2) != h2 {
			t.Errorf("http2 %v: answered %s by %s", h2, b, res.Proto)
		}
		tr.CloseIdleConnections()
	}
}

func TestH2C(t *testing.T) {
	set := all(poolOf(t, named(t, "a")))
	set.H2C = true
	_, addr := start(t, set)
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	defer tr.CloseIdleConnections()
	res, err := (&http.Client{Transport: tr}).Get("http://" + addr + "/")
	if err != nil || res.ProtoMajor != 2 {
		t.Fatal(res, err)
	}
	_ = res.Body.Close()
	// HTTP/1.1 goes on working, and is scanned.
	speak(t, addr, message{"post", "", 200, post("Content-Length: 1") + "a"}, 1)
	speak(t, addr, message{"bare LF", "", 400, "POST / HTTP/1.1\nHost: a\r\n\r\n"}, 1)
}

func TestProber(t *testing.T) {
	healthy := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ready", "yes")
		if r.Host != "check.example" || r.URL.Path != "/health" {
			w.WriteHeader(404)
		}
		_, _ = io.WriteString(w, `{"status":"ok"}`)
	})
	yes := Prober{Path: "/health", Host: "check.example", Header: &Condition{Name: "X-Ready", Value: "yes"}, Body: regexp.MustCompile(`"ok"`)}
	if rep, err := yes.Probe(t.Context(), healthy); err != nil || rep.Note != "200 OK" {
		t.Errorf("%v, %v", rep, err)
	}
	for _, p := range []Prober{
		{Path: "/health"},
		{Path: "/health", Host: "check.example", Body: regexp.MustCompile("fine")},
		{Path: "/health", Host: "check.example", Header: &Condition{Name: "X-Ready", Value: "no"}},
		{Path: "/health", Host: "check.example", Statuses: []int{204}},
	} {
		if _, err := p.Probe(t.Context(), healthy); err == nil {
			t.Errorf("%+v passed", p)
		}
	}
}

// TestSlowClients: slow heads, bodies and readers are cut at their limits, and
// others are served meanwhile.
func TestSlowClients(t *testing.T) {
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/large" {
			for b := make([]byte, 1<<20); ; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		}
	})
	set := all(poolOf(t, a))
	set.Limits = Limits{HeadTime: 300 * time.Millisecond, BodyTime: 300 * time.Millisecond, WriteTime: 300 * time.Millisecond, MinRate: 1 << 20}
	_, addr := start(t, set)
	var clients sync.WaitGroup
	for name, text := range map[string]string{
		"head": "GET / HTTP/1.1\r\nHost: a\r\n", "body": post("Content-Length: 1000"), "reader": h("GET /large HTTP/1.1"),
		"reader of a second answer": h("GET / HTTP/1.1") + h("GET /large HTTP/1.1"),
	} {
		clients.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, text)
			if name == "body" {
				go drip(c)
			}
			if strings.HasPrefix(name, "reader") { // it takes nothing until it has been cut off
				time.Sleep(time.Second)
				within(t, func() bool { _, err := c.Write([]byte("x")); return err != nil })
				return
			}
			_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
			b, err := io.ReadAll(c)
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				t.Errorf("slow %s: still there after 20 s", name)
			}
			if name == "body" && !bytes.HasPrefix(b, []byte("HTTP/1.1 408")) {
				t.Errorf("slow body: %q", b)
			}
		})
	}
	for range 20 {
		if res, _ := get(t, addr, "/"); res.StatusCode != 200 {
			t.Errorf("another client: %d", res.StatusCode)
		}
	}
	clients.Wait()
}

// drip sends a byte now and then until nobody listens.
func drip(c net.Conn) {
	for {
		time.Sleep(50 * time.Millisecond)
		if _, err := c.Write([]byte("x")); err != nil {
			return
		}
	}
}

func within(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 20 s")
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
