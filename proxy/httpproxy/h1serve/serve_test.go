package h1serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

func hello(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }

// TestUnlikeNetHTTP is what is done otherwise than by net/http's server.
func TestUnlikeNetHTTP(t *testing.T) {
	addr := start(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "4")
		if r.URL.Path == "/304" {
			w.WriteHeader(304) // may say how long the answer would have been (RFC 9110, 8.6)
			return
		}
		w.WriteHeader(103) // means the answer to clients of HTTP/1.0 (RFC 9110, 15.2)
		_, _ = io.WriteString(w, "once")
	})
	c := call(t, addr)
	c.say("GET /304 HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n")
	if res, _ := c.hear("GET"); res.StatusCode != 304 || res.Header.Get("Content-Length") != "4" {
		t.Errorf("%v", res)
	}
	if res, body := c.hear("GET"); res.StatusCode != 200 || body != "once" || res.Header.Get("Content-Type") != "" {
		t.Errorf("%v %q", res, body)
	}
	c.ended()
}

// TestMalformed holds that what came before a malformed message is answered,
// and that the message is told.
func TestMalformed(t *testing.T) {
	var faults atomic.Int32
	addr := start(t, &Server{OnFault: func(*strict.Fault) { faults.Add(1) }}, hello)
	c := call(t, addr)
	c.say(get + get + "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n" + get)
	for range 2 {
		if res, body := c.hear("GET"); res.StatusCode != 200 || body != "hello" {
			t.Errorf("%v %q", res, body)
		}
	}
	if res, body := c.hear("GET"); res.StatusCode != 400 || !strings.Contains(body, "RFC 9112, 5.2") || !res.Close {
		t.Errorf("%v %q", res, body)
	}
	c.ended()
	if n := faults.Load(); n != 1 {
		t.Errorf("told of %d faults", n)
	}
}

func TestHeadLimits(t *testing.T) {
	addr := start(t, &Server{MaxHead: 8 << 10, HeadTime: 500 * time.Millisecond}, hello)
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"just fits", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 8000) + "\r\n\r\n", 200},
		{"too large", "GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 9000) + "\r\n\r\n", 431},
		{"never ends", "GET / HTTP/1.1\r\nHost: a\r\nX: x", 408},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := call(t, addr)
			conn.say(c.text)
			if res, _ := conn.hear("GET"); res.StatusCode != c.want {
				t.Errorf("%d, want %d", res.StatusCode, c.want)
			}
		})
	}
	t.Run("never begins", func(t *testing.T) { call(t, addr).ended() })
	// One byte at a time is not enough to stay.
	t.Run("drips", func(t *testing.T) {
		conn := call(t, addr)
		conn.say("G") // at once: one that is slow to begin is not answered
		stop := make(chan struct{})
		var dripping sync.WaitGroup
		defer dripping.Wait()
		defer close(stop)
		dripping.Go(func() {
			for _, b := range []byte("ET / HTTP/1.1\r\nX: " + strings.Repeat("x", 1<<20)) {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
				}
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
			}
		})
		if res, _ := conn.hear("GET"); res.StatusCode != 408 {
			t.Errorf("%d", res.StatusCode)
		}
	})
}

func TestIdleTime(t *testing.T) {
	addr := start(t, &Server{IdleTime: 50 * time.Millisecond}, hello)
	c := call(t, addr)
	c.say(get)
	c.hear("GET")
	c.ended()
}

// TestLongRequest holds that what bounds heads does not bound bodies, nor answers.
func TestLongRequest(t *testing.T) {
	s := &Server{HeadTime: 50 * time.Millisecond, IdleTime: 50 * time.Millisecond}
	addr := start(t, s, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		time.Sleep(200 * time.Millisecond)
		fmt.Fprint(w, string(body), err, r.Context().Err())
	})
	for _, framing := range []string{"Content-Length: 2\r\n\r\n|a|b", "Transfer-Encoding: chunked\r\n\r\n1|\r\na|\r\n1\r\nb\r\n0\r\n|\r\n"} {
		c := call(t, addr)
		for part := range strings.SplitSeq("POST / HTTP/1.1\r\nHost: a\r\n"+framing, "|") {
			c.say(part)
			time.Sleep(100 * time.Millisecond)
		}
		if _, body := c.hear("POST"); body != "ab<nil> <nil>" {
			t.Errorf("%q", body)
		}
	}
}

// TestClientLeaves holds that a handler is told, whenever the client leaves
// while there is nothing to read from it.
func TestClientLeaves(t *testing.T) {
	told := make(chan error, 1)
	addr := start(t, &Server{}, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			told <- r.Context().Err()
		case <-time.After(patience):
			told <- errors.New("nobody said so")
		}
	})
	for _, request := range []string{
		get, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	} {
		for _, after := range []time.Duration{0, 2 * watchAfter} {
			c := call(t, addr)
			c.say(request)
			time.Sleep(after)
			_ = c.Close()
			if err := <-told; !errors.Is(err, context.Canceled) {
				t.Errorf("%q, left after %v: %v", request, after, err)
			}
		}
	}
}

// TestPipelined holds that what comes while a request is handled, watched or
// not, is the next.
func TestPipelined(t *testing.T) {
	addr := start(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * watchAfter)
		fmt.Fprint(w, r.URL.Path, r.Context().Err())
	})
	c := call(t, addr)
	for i := range 10 {
		c.say(fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i))
		if i%3 == 0 {
			time.Sleep(3 * watchAfter / 2)
		}
	}
	for i := range 10 {
		if _, body := c.hear("GET"); body != fmt.Sprintf("/%d<nil>", i) {
			t.Errorf("%d: %q", i, body)
		}
	}
}

func TestExpect(t *testing.T) {
	addr := start(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.WriteHeader(417)
			return
		}
		_, _ = io.Copy(w, r.Body)
	})
	const head = " HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n"
	c := call(t, addr)
	for range 2 { // and the conn is kept
		c.say("POST /yes" + head)
		if res, err := http.ReadResponse(c.Reader, nil); err != nil || res.StatusCode != 100 {
			t.Fatal(res, err)
		}
		c.say("abc")
		if res, body := c.hear("POST"); res.StatusCode != 200 || body != "abc" || res.Close {
			t.Errorf("%v %q", res, body)
		}
	}
	c.say("POST /no" + head)
	if res, _ := c.hear("POST"); res.StatusCode != 417 || !res.Close {
		t.Errorf("%v", res)
	}
	c.ended()
}

// TestEarlyAnswer holds that an answer does not wait for a body that nobody
// wants, and is not lost to a reset.
func TestEarlyAnswer(t *testing.T) {
	addr := start(t, &Server{}, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(413)
		_, _ = io.WriteString(w, strings.Repeat("no", 10_000))
	})
	c := call(t, addr)
	c.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
	go func() {
		for range 1000 {
			if _, err := c.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}()
	if res, body := c.hear("POST"); res.StatusCode != 413 || len(body) != 20_000 || !res.Close {
		t.Errorf("%v, %d bytes", res, len(body))
	}
}

// TestBodyStillRead holds that a conn ends, and with it a reader of the body
// that outlives the handler.
func TestBodyStillRead(t *testing.T) {
	ended := make(chan error, 1)
	reading := make(chan struct{})
	addr := start(t, &Server{}, func(w http.ResponseWriter, r *http.Request) {
		go func() {
			b := make([]byte, 10)
			_, err := r.Body.Read(b)
			close(reading)
			for err == nil {
				_, err = r.Body.Read(b)
			}
			ended <- err
		}()
		<-reading
		hello(w, r)
	})
	c := call(t, addr)
	c.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
	if res, body := c.hear("POST"); body != "hello" {
		t.Errorf("%v %q", res, body)
	}
	c.ended()
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("its reader ended with %v", err)
	}
}

func TestHijack(t *testing.T) {
	s := &Server{}
	addr := start(t, s, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(2 * watchAfter) // somebody is looking whether the client has left
		c, b, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrHijacked) {
			t.Errorf("written after it: %v", err)
		}
		fmt.Fprintf(b, "raw %s\n", r.URL.Path)
		_ = b.Flush()
		_, _ = io.Copy(c, b)
	})
	c := call(t, addr)
	c.say("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n")
	if line, err := c.ReadString('\n'); line != "raw /ws\n" {
		t.Fatal(line, err)
	}
	c.say("\x00 not HTTP\n")
	if line, err := c.ReadString('\n'); line != "\x00 not HTTP\n" {
		t.Fatal(line, err)
	}
	if err := s.Shutdown(t.Context()); err != nil { // does not wait for it
		t.Error(err)
	}
	c.say("goes on\n")
	if line, err := c.ReadString('\n'); line != "goes on\n" {
		t.Fatal(line, err)
	}
	_ = c.CloseWrite()
	c.ended()
}

func TestPanic(t *testing.T) {
	addr := start(t, &Server{}, func(http.ResponseWriter, *http.Request) { panic("a mistake") })
	c := call(t, addr)
	c.say(get)
	c.ended()
}

// TestShutdown holds that nothing under way is cut, and nothing else waited
// for.
func TestShutdown(t *testing.T) {
	s := &Server{}
	held, release := make(chan struct{}), make(chan struct{})
	addr := start(t, s, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			close(held)
			<-release
		}
		hello(w, r)
	})
	fresh, idle, busy := call(t, addr), call(t, addr), call(t, addr)
	idle.say(get)
	idle.hear("GET")
	busy.say("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
	<-held
	eventually(t, "three conns", func() bool { return len(s.all()) == 3 })
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(t.Context()) }()
	fresh.ended()
	idle.ended()
	select {
	case err := <-ended:
		t.Errorf("did not wait: %v", err)
	default:
	}
	close(release)
	if res, body := busy.hear("GET"); body != "hello" || !res.Close {
		t.Errorf("%v %q", res, body)
	}
	busy.ended()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLastCall holds that a request on its way at the time of a shutdown is
// answered. Where the machine was too slow to send it in time, it is not.
func TestLastCall(t *testing.T) {
	for answered, end := 0, time.Now().Add(patience); answered < 20; {
		if time.Now().After(end) {
			t.Fatalf("only %d requests were on their way in time", answered)
		}
		s := &Server{}
		addr := start(t, s, hello)
		c := call(t, addr)
		c.say(get)
		c.hear("GET")
		began := time.Now()
		go func() { _ = s.Shutdown(t.Context()) }()
		eventually(t, "it shuts down", s.closing.Load)
		c.say(get)
		if time.Since(began) > lastCall/2 {
			continue
		}
		if res, body := c.hear("GET"); body != "hello" || !res.Close {
			t.Fatalf("%v %q", res, body)
		}
		answered++
	}
}

// TestClose holds that nobody is served any more, under way or not.
func TestClose(t *testing.T) {
	s := &Server{}
	held := make(chan struct{})
	addr := start(t, s, func(_ http.ResponseWriter, r *http.Request) {
		close(held)
		<-r.Context().Done()
	})
	c := call(t, addr)
	c.say(get)
	<-held
	s.Close()
	if _, err := http.ReadResponse(c.Reader, nil); err == nil {
		t.Error("an answer")
	}
	call(t, addr).ended()
}

// TestNothingStays holds that neither conns nor goroutines outlast clients.
func TestNothingStays(t *testing.T) {
	s := &Server{}
	addr := start(t, s, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "7") {
			time.Sleep(2 * watchAfter)
		}
		hello(w, r)
	})
	before := runtime.NumGoroutine()
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			nc, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer nc.Close()
			_ = nc.SetDeadline(time.Now().Add(patience))
			r := bufio.NewReader(nc)
			for i := range 20 {
				fmt.Fprintf(nc, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
				res, err := http.ReadResponse(r, nil)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
			}
		})
	}
	clients.Wait()
	eventually(t, "all conns are gone", func() bool { return len(s.all()) == 0 })
	eventually(t, "all goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}
