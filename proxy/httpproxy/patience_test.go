package httpproxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// over is a client of one protocol without TLS, on one conn with HTTP/2.
func over(t *testing.T, h2 bool, window int) *http.Transport {
	tr := &http.Transport{Protocols: new(http.Protocols), HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: window}}
	tr.Protocols.SetUnencryptedHTTP2(h2)
	tr.Protocols.SetHTTP1(!h2)
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// both runs a test for either protocol, at once.
func both(t *testing.T, f func(t *testing.T, h2 bool)) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		t.Run(fmt.Sprint("http2 ", h2), func(t *testing.T) {
			t.Parallel()
			f(t, h2)
		})
	}
}

// TestSilentStreams: limits are for clients that do not read, not for servers
// that have nothing to say for a while.
func TestSilentStreams(t *testing.T) {
	both(t, func(t *testing.T, h2 bool) {
		a := origin(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "first\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(1500 * time.Millisecond) // the limit is over by then, and deadlineStep
			_, _ = io.WriteString(w, "second\n")
		})
		set := all(poolOf(t, a))
		set.H2C = true
		set.Limits.WriteTime = 200 * time.Millisecond
		_, addr := start(t, set)
		res, err := over(t, h2, 0).RoundTrip(request(t, "GET", addr, "/", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		lines := bufio.NewReader(res.Body)
		for _, want := range []string{"first\n", "second\n"} {
			if line, err := lines.ReadString('\n'); line != want {
				t.Errorf("by %s: read %q, %v, want %q", res.Proto, line, err, want)
			}
		}
	})
}

// TestBusyServers: a client is not slow because its server does not take more
// of a body for a while.
func TestBusyServers(t *testing.T) {
	const size = 16 << 20 // more than all buffers on the way hold
	both(t, func(t *testing.T, h2 bool) {
		a := origin(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(1500 * time.Millisecond)
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, " ", err)
		})
		set := all(poolOf(t, a))
		set.H2C = true
		set.Limits.BodyTime, set.Limits.MinRate = time.Second, 1 // each byte buys a second
		_, addr := start(t, set)
		r := request(t, "POST", addr, "/", "x")
		r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, size)), size
		res, err := over(t, h2, 0).RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, _ := io.ReadAll(res.Body); res.StatusCode != 200 || string(b) != fmt.Sprint(size, " <nil>") {
			t.Errorf("by %s: %d %s", res.Proto, res.StatusCode, b)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestSlowStreams: of the streams of one conn those are cut that do not read, or
// send too slowly, at their limits, and the others do not feel it.
func TestSlowStreams(t *testing.T) {
	t.Parallel()
	a := origin(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			for b := make([]byte, 1<<16); ; {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		case "/small": // more than the window, less than a buffer of wye
			w.Header().Set("Content-Length", "3000")
			_, _ = w.Write(make([]byte, 3000))
		default:
			n, _ := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n)
		}
	})
	set := all(poolOf(t, a))
	set.H2C = true
	set.Limits = Limits{WriteTime: 300 * time.Millisecond, BodyTime: 300 * time.Millisecond, MinRate: 1 << 20}
	s, addr := start(t, set)
	tr := over(t, true, 1<<11)
	var slow []*http.Response
	for _, path := range []string{"/large", "/small", "/large"} {
		res, err := tr.RoundTrip(request(t, "GET", addr, path, ""))
		if err != nil {
			t.Fatal(err)
		}
		slow = append(slow, res) // nobody reads it
	}
	var waiting sync.WaitGroup
	defer waiting.Wait()
	sending, send := io.Pipe()
	defer send.Close()
	waiting.Go(func() {
		r := request(t, "POST", addr, "/body", "")
		r.Body = sending
		res, err := tr.RoundTrip(r)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusRequestTimeout {
			t.Errorf("a body that does not come: %s", res.Status)
		}
	})
	for range 20 {
		res, err := tr.RoundTrip(request(t, "POST", addr, "/others", "12345"))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(res.Body); err != nil || string(b) != "5" {
			t.Errorf("another stream: %q, %v", b, err)
		}
		_ = res.Body.Close()
	}
	within(t, func() bool { return s.Count.Read().Active == 0 })
	if now, accepted, _, _ := s.Conns(); now != 1 || accepted != 1 {
		t.Errorf("%d conns are open of %d: one was to do", now, accepted)
	}
	for i, res := range slow {
		if n, err := io.Copy(io.Discard, res.Body); err == nil {
			t.Errorf("stream %d read %d bytes and no error, after its limit", i, n)
		}
		_ = res.Body.Close()
	}
}

// TestWatch: it cuts what takes too long, at its time, and nothing else.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var cut atomic.Int64 // when, ns since it began
		began := time.Now()
		w := watch{cut: func() { cut.Store(int64(time.Since(began))) }}
		step := func(limit, takes, then time.Duration) {
			w.begin(limit)
			time.Sleep(takes)
			w.end()
			time.Sleep(then)
		}
		step(10*time.Second, 9*time.Second, time.Hour)
		step(10*time.Second, 9*time.Second, 0)
		step(10*time.Second, 9*time.Second, 0)
		step(time.Second, 999*time.Millisecond, time.Minute) // sooner than the timer was to fire
		for range 1000 {
			step(10*time.Second, time.Millisecond, 0)
		}
		synctest.Wait()
		if at := cut.Load(); at != 0 {
			t.Fatalf("cut after %v though nothing took too long", time.Duration(at))
		}
		before := time.Since(began)
		step(time.Second, time.Minute, 0)
		if took := time.Duration(cut.Load()) - before; took != time.Second {
			t.Errorf("cut after %v, want 1 s", took)
		}
		cut.Store(0)
		stopped := watch{cut: func() { cut.Store(1) }}
		stopped.begin(time.Second)
		stopped.stop()
		time.Sleep(time.Minute)
		if cut.Load() != 0 {
			t.Error("cut after it was stopped")
		}
	})
}
