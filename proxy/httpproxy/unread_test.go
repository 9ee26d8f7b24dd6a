package httpproxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// TestUnreadBodies: a body that does not come does not hold a conn, whoever
// answers, and whether somebody wanted it or not.
func TestUnreadBodies(t *testing.T) {
	t.Parallel()
	set := all(poolOf(t, origin(t, picky)))
	set.Limits.BodyTime = 300 * time.Millisecond
	set.Routes = []Route{
		{Name: "early", Match: Match{Path: "/401"}, To: set.Routes[0].To},
		{Name: "moved", Match: Match{Path: "/308"}, Redirect: &Redirect{Host: "new.example"}},
		{Name: "small", Match: Match{Path: "/413"}, BodyBytes: 4, To: set.Routes[0].To},
		{Name: "rate", Match: Match{Path: "/429"}, Rate: &Rate{Requests: 1, Per: time.Hour}, To: set.Routes[0].To},
		{Name: "down", Match: Match{Path: "/502"}, To: to(poolOf(t, "127.0.0.1:1"))},
		{Name: "none", Match: Match{Path: "/503"}, To: to(poolOf(t))},
	}
	_, addr := start(t, set)
	get(t, addr, "/429")
	for _, status := range []int{401, 308, 404, 413, 429, 502, 503} {
		for _, framing := range []string{"Content-Length: 5", "Transfer-Encoding: chunked"} {
			if status == 413 && framing != "Content-Length: 5" {
				continue // nobody knows yet that it is too large
			}
			t.Run(fmt.Sprint(status, " ", framing), func(t *testing.T) {
				t.Parallel()
				c, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				fmt.Fprintf(c, "POST /%d HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", status, framing)
				in := bufio.NewReader(c)
				res, err := http.ReadResponse(in, nil)
				if err != nil {
					t.Fatal(err)
				}
				// A server that is asked hears of a slow body before it hears the answer.
				if res.StatusCode != status && res.StatusCode != http.StatusRequestTimeout {
					t.Errorf("%s, want %d", res.Status, status)
				}
				if _, err := io.ReadAll(in); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the conn is held")
				}
			})
		}
	}
}

// TestUnreadBodyThatComes: a conn goes on after a refusal whose body came.
func TestUnreadBodyThatComes(t *testing.T) {
	t.Parallel()
	set := all(poolOf(t, named(t, "a")))
	set.Routes[0].Match.Path = "/a"
	_, addr := start(t, set)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(c)
	for _, want := range []int{404, 200, 404, 200} {
		path := map[int]string{404: "/b", 200: "/a"}[want]
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345", path)
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%s: %v, %v, want %d", path, res, err, want)
		}
		_, _ = io.Copy(io.Discard, res.Body)
	}
}

// TestSlowHTTP2Heads: a client of HTTP/2 that begins a head, or nothing, and
// says no more is cut off; one that has a request under way is not.
func TestSlowHTTP2Heads(t *testing.T) {
	t.Parallel()
	release := make(chan bool)
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		_, _ = io.WriteString(w, "late")
	})
	set := all(poolOf(t, a))
	set.H2C = true
	set.Limits.HeadTime, set.Limits.IdleTime = 300*time.Millisecond, 300*time.Millisecond
	_, addr := start(t, set)
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	const beginning = "\x00\x00\x01\x01\x00\x00\x00\x00\x01\x82" // HEADERS without END_HEADERS
	done := make(chan error, 1)
	go func() {
		res, err := over(t, true, 0).RoundTrip(request(t, "GET", addr, "/", ""))
		if err == nil {
			defer res.Body.Close()
			var b []byte
			if b, err = io.ReadAll(res.Body); err == nil && string(b) != "late" {
				err = fmt.Errorf("read %q", b)
			}
		}
		done <- err
	}()
	var cut sync.WaitGroup
	for name, text := range map[string]string{"half a preface": preface[:10], "preface": preface, "settings": preface + settings, "head": preface + settings + beginning} {
		cut.Go(func() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			_, _ = io.WriteString(c, text)
			if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: the conn is held", name)
			}
		})
	}
	cut.Wait()
	close(release)
	if err := <-done; err != nil {
		t.Errorf("another client, whose server takes its time: %v", err)
	}
}
