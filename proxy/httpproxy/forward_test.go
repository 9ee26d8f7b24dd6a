package httpproxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestForward(t *testing.T) {
	seen := make(chan *http.Request, 1)
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		seen <- r
		w.Header().Set("X-Answer", "yes")
		w.Header().Set("Connection", "X-Hop")
		w.Header().Set("X-Hop", "gone")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte("made " + string(body)))
	})
	_, addr := start(t, all(poolOf(t, a)))
	res, body := ask(t, request(t, "POST", addr, "/a%2Fb?q=1;2&x=%zz", "thing",
		"Host: shop.example", "Connection: X-Mine", "X-Mine: 1", "X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6", "Proxy-Connection: x"))
	if res.StatusCode != 201 || body != "made thing" || res.Header.Get("X-Answer") != "yes" || res.Header.Get("X-Hop") != "" {
		t.Errorf("answered %d %q %v", res.StatusCode, body, res.Header)
	}
	r := <-seen
	if r.Host != "shop.example" || r.RequestURI != "/a%2Fb?q=1;2&x=%zz" {
		t.Errorf("server was asked for %s of %s", r.RequestURI, r.Host)
	}
	for name, want := range map[string]string{
		"X-Mine": "", "Proxy-Connection": "", "Forwarded": "", "X-Forwarded-For": "127.0.0.1",
		"X-Forwarded-Proto": "http", "X-Forwarded-Host": "shop.example", "Content-Length": "5",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("server was sent %s %q, want %q", name, got, want)
		}
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("Etag", `"x"`)
			w.WriteHeader(304)
		default:
			w.Header().Set("Content-Length", "1234")
			if r.Method != http.MethodHead {
				_, _ = w.Write(make([]byte, 1234))
			}
		}
	})
	_, addr := start(t, all(poolOf(t, a)))
	for _, c := range []struct {
		method, path string
		status       int
		length       string
	}{{"GET", "/204", 204, ""}, {"GET", "/304", 304, ""}, {"HEAD", "/", 200, "1234"}, {"GET", "/", 200, "1234"}} {
		res, _ := ask(t, request(t, c.method, addr, c.path, ""))
		if res.StatusCode != c.status || res.Header.Get("Content-Length") != c.length {
			t.Errorf("%s %s: %d, length %q", c.method, c.path, res.StatusCode, res.Header.Get("Content-Length"))
		}
	}
}

func TestInterimAnswersTrailersAndStreams(t *testing.T) {
	next := make(chan bool)
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-Sum")
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-next
		_, _ = io.WriteString(w, "second\n")
		w.Header().Set("X-Sum", "42")
	})
	_, addr := start(t, all(poolOf(t, a)))
	res, err := plain.Do(request(t, "GET", addr, "/", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	if line, _ := lines.ReadString('\n'); line != "first\n" {
		t.Errorf("before the server went on: %q", line)
	}
	close(next)
	rest, err := io.ReadAll(lines)
	if err != nil || string(rest) != "second\n" || res.Trailer.Get("X-Sum") != "42" {
		t.Errorf("then %q, %v, trailer %v", rest, err, res.Trailer)
	}
}

func TestUpgrade(t *testing.T) {
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "echo" {
			t.Errorf("server was asked for %v", r.Header)
		}
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, b, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.Copy(c, b)
	})
	_, addr := start(t, all(poolOf(t, a)))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(c, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	b := bufio.NewReader(c)
	res, err := http.ReadResponse(b, nil)
	if err != nil || res.StatusCode != 101 {
		t.Fatal(res, err)
	}
	for range 3 {
		// Not HTTP, on purpose.
		fmt.Fprintf(c, "\x00\x81 hello\n")
		if line, err := b.ReadString('\n'); line != "\x00\x81 hello\n" {
			t.Fatalf("echo %q, %v", line, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	_, addr := start(t, Settings{Name: "web", Routes: []Route{
		{Name: "down", Match: Match{Path: "/down"}, To: []Share{{Pool: poolOf(t, "127.0.0.1:1"), Weight: 1}}},
		{Name: "empty", Match: Match{Path: "/empty"}, To: []Share{{Pool: poolOf(t), Weight: 1}}},
		{Name: "limited", Match: Match{Path: "/limited"}, BodyBytes: 4, To: []Share{{Pool: poolOf(t, named(t, "a")), Weight: 1}}},
	}})
	for _, c := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/", "", 404},
		{"GET", "/down", "", 502},
		{"GET", "/empty", "", 503},
		{"POST", "/limited", "12345", 413},
		{"POST", "/limited", "1234", 200},
		{"TRACE", "/limited", "", 405},
		{"GET", "/limited/../x", "", 400},
		{"GET", "/limited/%2e%2e/x", "", 400},
		{"GET", "/limited/.well-known", "", 200},
	} {
		if res, body := ask(t, request(t, c.method, addr, c.path, c.body)); res.StatusCode != c.want {
			t.Errorf("%s %s: %d %q, want %d", c.method, c.path, res.StatusCode, body, c.want)
		}
	}
}

// TestAnswersThatAreNone: what is malformed never begins, and what breaks off
// does not end well for the client either.
func TestAnswersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		whole  bool
	}{
		"whole":               {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", 200, true},
		"until the end":       {"HTTP/1.1 200 OK\r\n\r\nbody", 200, true},
		"length cut short":    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody", 200, false},
		"chunks cut short":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", 200, false},
		"malformed chunk":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\nx\r\n", 200, false},
		"two lengths":         {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody", 502, true},
		"length and chunks":   {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502, true},
		"folded":              {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n", 502, true},
		"unasked upgrade":     {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", 502, true},
		"head of some length": {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", headOfAnswer), 502, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			go answerAll(l, c.answer)
			_, addr := start(t, all(poolOf(t, l.Addr().String())))
			res, err := plain.Do(request(t, "POST", addr, "/", "x"))
			if err != nil {
				if c.whole {
					t.Fatal(err)
				}
				return // broke off before its head was sent
			}
			defer res.Body.Close()
			_, err = io.ReadAll(res.Body)
			if res.StatusCode != c.status || (err == nil) != c.whole {
				t.Errorf("%d, body %v; want %d, whole %v", res.StatusCode, err, c.status, c.whole)
			}
		})
	}
}

// answerAll reads a request of each conn, says the same, and hangs up.
func answerAll(l net.Listener, answer string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
		}
		_, _ = io.WriteString(c, answer)
		_ = c.Close()
	}
}
