package httpcache

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd asks n times at once and returns what each got.
func (rg *rig) crowd(n int, request func(i int) *http.Request) (texts, marks []string) {
	texts, marks = make([]string, n), make([]string, n)
	var all sync.WaitGroup
	for i := range n {
		r := request(i)
		all.Go(func() {
			resp, text, err := rg.do(r)
			if err != nil {
				rg.t.Errorf("%d: %v", i, err)
				return
			}
			texts[i], marks[i] = text, resp.Header.Get(xCache)
		})
	}
	all.Wait()
	return texts, marks
}

func (rg *rig) plain(int) *http.Request { return rg.request("GET", "/") }

// waiting waits until n requests wait for another.
func (rg *rig) waiting(n int64) { poll(rg.t, func() bool { return rg.view.Counts().Waits >= n }) }

// TestManyWantOne: of n who want the same at once one asks, and all get it,
// whether its length is known or not.
func TestManyWantOne(t *testing.T) {
	for _, known := range []bool{true, false} {
		t.Run(fmt.Sprint("length known: ", known), func(t *testing.T) {
			t.Parallel()
			const n = 100
			rg := newRig(t, Settings{Wait: time.Minute}, Rule{})
			text := strings.Repeat("0123456789", 10_000)
			var asked atomic.Int32
			rg.serve(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				rg.waiting(n - 1)
				w.Header().Set("Cache-Control", "max-age=10")
				if known {
					w.Header().Set("Content-Length", fmt.Sprint(len(text)))
				}
				for part := text; part != ""; part = part[10_000:] {
					io.WriteString(w, part[:10_000])
					w.(http.Flusher).Flush()
				}
			})
			texts, marks := rg.crowd(n, rg.plain)
			misses := 0
			for i := range n {
				if texts[i] != text {
					t.Fatalf("%d got %d bytes", i, len(texts[i]))
				}
				if marks[i] == "MISS" {
					misses++
				}
			}
			if c := rg.view.Counts(); asked.Load() != 1 || misses != 1 || c.Hits != n-1 || c.Misses != 1 || c.Fills != 1 {
				t.Errorf("asked %d times, %d misses, %+v", asked.Load(), misses, c)
			}
		})
	}
}

// TestNobodyQueuesForWhatIsNotKept: once the first answer is known to be for
// one client, the others ask at the same time, not one after the other, and
// those who come later do not wait at all.
func TestNobodyQueuesForWhatIsNotKept(t *testing.T) {
	const n = 20
	rg := newRig(t, Settings{Wait: time.Minute}, Rule{})
	var asked atomic.Int32
	all := make(chan struct{})
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		switch i := asked.Add(1); {
		case i == 1:
			rg.waiting(n - 1)
		case i == n:
			close(all)
			fallthrough
		case i < n:
			select {
			case <-all:
			case <-time.After(20 * time.Second):
				t.Error("they come one after the other")
			}
		}
		w.Header().Set("Cache-Control", "private")
		io.WriteString(w, "mine")
	})
	rg.crowd(n, rg.plain)
	before := rg.view.Counts().Waits
	rg.crowd(n, rg.plain)
	if c := rg.view.Counts(); asked.Load() != 2*n || c.Waits != before || c.Misses != 2*n {
		t.Errorf("asked %d times, %+v", asked.Load(), c)
	}
}

// TestVariantsAreAskedForAtOnce: who waited for the response to other fields
// goes on when its head is there, not when its body is, and each variant is
// asked for once.
func TestVariantsAreAskedForAtOnce(t *testing.T) {
	const n = 30
	rg := newRig(t, Settings{Wait: time.Minute}, Rule{})
	var asked atomic.Int32
	both := make(chan struct{})
	rg.serve(func(w http.ResponseWriter, r *http.Request) {
		if i := asked.Add(1); i == 1 {
			rg.waiting(n - 1)
		} else if i == 2 {
			close(both)
		}
		w.Header().Set("Cache-Control", "max-age=10")
		w.Header().Set("Vary", "Foo")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-both // the first ends only when the second is there
		io.WriteString(w, r.Header.Get("Foo"))
	})
	texts, _ := rg.crowd(n, func(i int) *http.Request { return rg.request("GET", "/", fmt.Sprint("Foo: ", i%2)) })
	for i, text := range texts {
		if text != fmt.Sprint(i%2) {
			t.Errorf("%d got %q", i, text)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// TestPatienceEnds: who waited for long enough asks itself.
func TestPatienceEnds(t *testing.T) {
	rg := newRig(t, Settings{Wait: 20 * time.Millisecond}, Rule{})
	var asked atomic.Int32
	release := make(chan struct{})
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=10")
		if asked.Add(1) == 1 {
			<-release
			io.WriteString(w, "slow")
			return
		}
		io.WriteString(w, "quick")
	})
	first := make(chan string)
	go func() {
		_, text, _ := rg.do(rg.plain(0))
		first <- text
	}()
	poll(t, func() bool { return asked.Load() == 1 })
	if _, text, err := rg.do(rg.plain(0)); text != "quick" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	close(release)
	if text := <-first; text != "slow" {
		t.Errorf("the first got %q", text)
	}
}

// TestASlowClientHoldsNobodyUp: what is recorded comes as fast as the server
// sends, although its leader does not read.
func TestASlowClientHoldsNobodyUp(t *testing.T) {
	rg := newRig(t, Settings{Bytes: 64 << 20, MaxEntry: 32 << 20, Wait: time.Minute}, Rule{})
	const size = 24 << 20 // more than sockets hold
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=10")
		w.Header().Set("Content-Length", fmt.Sprint(size))
		chunk := make([]byte, 1<<20)
		for range size >> 20 {
			w.Write(chunk)
		}
	})
	slow, err := rg.client.Do(rg.plain(0))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	resp, text, err := rg.do(rg.plain(0))
	if err != nil || len(text) != size || resp.Header.Get(xCache) != "HIT" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestCutOffIsNotKept: neither a body shorter than its length nor a chunked
// one without its end is ever stored, and the client sees that it is cut.
func TestCutOffIsNotKept(t *testing.T) {
	for _, length := range []string{"Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"} {
		rg := newRig(t, Settings{}, Rule{})
		rg.serve(func(w http.ResponseWriter, _ *http.Request) {
			c, buf, _ := w.(http.Hijacker).Hijack()
			fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nCache-Control: max-age=100\r\n"+length+"\r\n5\r\nabcde\r\n")
			buf.Flush()
			c.Close()
		})
		for n := range 2 {
			if _, _, err := rg.do(rg.plain(0)); err == nil {
				t.Errorf("%q: the client takes it for whole", length)
			}
			// The client is cut off first, and then the flight is given up.
			for begun := time.Now(); rg.view.Counts().Abandoned == int64(n) && time.Since(begun) < 20*time.Second; {
				time.Sleep(time.Millisecond)
			}
		}
		if c := rg.view.Counts(); c.Misses != 2 || c.Fills != 0 || c.Abandoned != 2 {
			t.Errorf("%+v", c)
		}
	}
}

// TestEndOfConnectionIsNoEnd: nobody knows whether a body that ends with its
// connection is whole (RFC 9112, 8).
func TestEndOfConnectionIsNoEnd(t *testing.T) {
	rg := newRig(t, Settings{}, Rule{})
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		c, buf, _ := w.(http.Hijacker).Hijack()
		fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nCache-Control: max-age=100\r\n\r\nabcde")
		buf.Flush()
		c.Close()
	})
	for range 2 {
		if _, text, err := rg.do(rg.plain(0)); text != "abcde" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
	}
	if c := rg.view.Counts(); c.Misses != 2 || c.Fills != 0 {
		t.Errorf("%+v", c)
	}
}

// TestTooLongIsPassedOn, all of it, and nothing of it stays.
func TestTooLongIsPassedOn(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings Settings
		known    bool
		size     int
		kept     bool
	}{
		{"its length is known", Settings{MaxEntry: 50_000}, true, 50_001, false},
		{"as long as may be", Settings{MaxEntry: 50_000}, true, 50_000, true},
		{"its length shows", Settings{MaxEntry: 50_000}, false, 500_000, false},
		{"as long as may be, which shows", Settings{MaxEntry: 50_000}, false, 50_000, true},
		{"no room", Settings{Bytes: 40_000}, true, 50_000, false},
		{"no room, which shows", Settings{Bytes: 40_000}, false, 5_000_000, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rg := newRig(t, tt.settings, Rule{})
			text := strings.Repeat("x", tt.size-1) + "y"
			rg.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", "max-age=10")
				if tt.known {
					w.Header().Set("Content-Length", fmt.Sprint(len(text)))
				}
				io.WriteString(w, text)
			})
			for i := range 2 {
				resp, got, err := rg.do(rg.plain(0))
				if err != nil || got != text {
					t.Fatalf("got %d bytes, %v", len(got), err)
				}
				if m := resp.Header.Get(xCache); (m == "HIT") != (i > 0 && tt.kept) {
					t.Errorf("%d: %s", i, m)
				}
				poll(t, func() bool { rg.cache.flights.Wait(); return true })
			}
			poll(t, func() bool { used, _ := rg.cache.Bytes(); return used == rg.view.Counts().Bytes })
		})
	}
}

// TestAClientThatLeaves does not end a recording, which is stored.
func TestAClientThatLeaves(t *testing.T) {
	rg := newRig(t, Settings{}, Rule{})
	goOn := make(chan struct{})
	rg.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=10")
		w.Header().Set("Content-Length", "4")
		io.WriteString(w, "ab")
		w.(http.Flusher).Flush()
		select {
		case <-goOn:
		case <-r.Context().Done():
			t.Error("the request to the server was ended")
		}
		io.WriteString(w, "cd")
	})
	ctx, leave := context.WithCancel(t.Context())
	resp, err := rg.client.Do(rg.plain(0).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	leave()
	resp.Body.Close()
	close(goOn)
	poll(t, func() bool { return rg.view.Counts().Fills == 1 })
	if resp, text, err := rg.do(rg.plain(0)); err != nil || text != "abcd" || resp.Header.Get(xCache) != "HIT" {
		t.Errorf("got %q, %v", text, err)
	}
}

// TestNobodyIsLeft: a request to a server ends when nobody waits for its
// answer, when what it brings is for one client that left, and when a
// recording goes on for nobody for too long.
func TestNobodyIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, control string
		head          bool
		fillTime      time.Duration
	}{
		{"before the head", "", false, time.Hour},
		{"not to be kept", "no-store", true, time.Hour},
		{"too long for nobody", "max-age=10", true, 50 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rg := newRig(t, Settings{FillTime: tt.fillTime}, Rule{})
			asked, ended := make(chan struct{}), make(chan struct{})
			rg.serve(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				if tt.head {
					w.Header().Set("Cache-Control", tt.control)
					w.WriteHeader(200)
					io.WriteString(w, "x")
					w.(http.Flusher).Flush()
				}
				close(asked)
				<-r.Context().Done()
			})
			ctx, leave := context.WithCancel(t.Context())
			left := make(chan struct{})
			go func() {
				defer close(left)
				if resp, err := rg.client.Do(rg.plain(0).WithContext(ctx)); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}()
			<-asked
			if tt.head {
				poll(t, func() bool { return rg.view.Counts().Misses == 1 })
			}
			leave()
			<-left
			select {
			case <-ended:
			case <-time.After(20 * time.Second):
				t.Fatal("the server still works for nobody")
			}
		})
	}
}

// TestTheLeaderLeavesAndOthersStay: they get the answer to its request.
func TestTheLeaderLeavesAndOthersStay(t *testing.T) {
	rg := newRig(t, Settings{Wait: time.Minute}, Rule{})
	release := make(chan struct{})
	var asked atomic.Int32
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-release
		w.Header().Set("Cache-Control", "max-age=10")
		io.WriteString(w, "a")
	})
	ctx, leave := context.WithCancel(t.Context())
	left, stayed := make(chan struct{}), make(chan string)
	go func() { rg.client.Do(rg.plain(0).WithContext(ctx)); close(left) }()
	poll(t, func() bool { return asked.Load() == 1 })
	go func() {
		_, text, _ := rg.do(rg.plain(0))
		stayed <- text
	}()
	rg.waiting(1)
	leave()
	<-left
	close(release)
	if text := <-stayed; text != "a" || asked.Load() != 1 {
		t.Errorf("got %q, asked %d times", text, asked.Load())
	}
}

// TestAChangeMeanwhile: what was asked for before a change, and comes after
// it, is not kept.
func TestAChangeMeanwhile(t *testing.T) {
	rg := newRig(t, Settings{}, Rule{})
	asked, release := make(chan struct{}), make(chan struct{})
	var gets atomic.Int32
	rg.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			return
		}
		w.Header().Set("Cache-Control", "max-age=10")
		if gets.Add(1) == 1 {
			close(asked)
			<-release
			io.WriteString(w, "old")
			return
		}
		io.WriteString(w, "new")
	})
	old := make(chan string)
	go func() {
		_, text, _ := rg.do(rg.plain(0))
		old <- text
	}()
	<-asked
	rg.do(rg.request("POST", "/"))
	if _, text, _ := rg.do(rg.plain(0)); text != "new" {
		t.Errorf("after the change: %q", text)
	}
	close(release)
	<-old
	if resp, text, _ := rg.do(rg.plain(0)); text != "new" || resp.Header.Get(xCache) != "HIT" {
		t.Errorf("the late answer was kept: %q", text)
	}
}

// TestOneRefreshes: of many who get a stale response one has it validated.
func TestOneRefreshes(t *testing.T) {
	rg := newRig(t, Settings{}, Rule{StaleWhile: time.Hour})
	var asked atomic.Int32
	release := make(chan struct{})
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) > 1 {
			<-release
		}
		w.Header().Set("Cache-Control", "max-age=10")
		io.WriteString(w, fmt.Sprint(asked.Load()))
	})
	rg.do(rg.plain(0))
	rg.clock.Advance(20 * time.Second)
	_, marks := rg.crowd(50, rg.plain)
	for _, m := range marks {
		if m != "STALE" {
			t.Errorf("got %s", m)
		}
	}
	close(release)
	poll(t, func() bool { return rg.view.Counts().Fills == 2 })
	if resp, text, _ := rg.do(rg.plain(0)); text != "2" || resp.Header.Get(xCache) != "HIT" || asked.Load() != 2 {
		t.Errorf("got %q, asked %d times", text, asked.Load())
	}
}

// TestManyHaveOneValidated: of many who want what is stale one asks whether it
// is still good, and the answer, a 304 or an error that may be bridged, is
// for all.
func TestManyHaveOneValidated(t *testing.T) {
	for _, status := range []int{304, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			const n = 30
			rg := newRig(t, Settings{Wait: time.Minute}, Rule{StaleIfError: time.Hour})
			var asked atomic.Int32
			rg.serve(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "max-age=10")
				w.Header().Set("Etag", `"v1"`)
				if asked.Add(1) > 1 {
					rg.waiting(n - 1)
					if r.Header.Get("If-None-Match") != `"v1"` {
						t.Error("it was asked for anew")
					}
					w.WriteHeader(status)
					return
				}
				io.WriteString(w, "a")
			})
			rg.do(rg.plain(0))
			rg.cache.flights.Wait()
			rg.clock.Advance(time.Minute)
			texts, marks := rg.crowd(n, rg.plain)
			counts := map[string]int{}
			for i := range n {
				if counts[marks[i]]++; texts[i] != "a" {
					t.Errorf("got %q", texts[i])
				}
			}
			want := map[int]string{304: "map[HIT:29 MISS:1]", 503: "map[STALE:30]"}[status]
			if got := fmt.Sprint(counts); got != want || asked.Load() != 2 {
				t.Errorf("%s, asked %d times", got, asked.Load())
			}
		})
	}
}

// TestAPurgeMeanwhile: what was dropped while the server was asked about it
// does not come back.
func TestAPurgeMeanwhile(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		rg := newRig(t, Settings{}, Rule{})
		asked, release := make(chan struct{}, 9), make(chan struct{})
		rg.serve(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=10")
			w.Header().Set("Etag", `"v1"`)
			asked <- struct{}{}
			if r.Header.Get("If-None-Match") != "" || r.Method == "HEAD" {
				<-release
				if r.Method == "GET" {
					w.WriteHeader(304)
				}
				return
			}
			io.WriteString(w, "a")
		})
		rg.do(rg.plain(0))
		<-asked
		rg.cache.flights.Wait()
		rg.clock.Advance(time.Minute)
		done := make(chan struct{})
		go func() { rg.do(rg.request(method, "/")); close(done) }()
		<-asked
		if n, err := rg.cache.Purge("http://" + host + "/"); n != 1 || err != nil {
			t.Errorf("%s: dropped %d, %v", method, n, err)
		}
		close(release)
		<-done
		rg.cache.flights.Wait()
		if n := rg.view.Counts(); n.Entries != 0 {
			t.Errorf("%s: it came back: %+v", method, n)
		}
	}
}

// TestTrailers and interim responses are the client's, and so are upgrades.
func TestTrailers(t *testing.T) {
	rg := newRig(t, Settings{}, Rule{})
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</x>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("Cache-Control", "max-age=10")
		io.WriteString(w, "a")
		w.Header().Set("X-Sum", "42")
	})
	for range 2 {
		hints := 0
		trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			hints += code
			return nil
		}}
		r := rg.plain(0)
		resp, text, err := rg.do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
		if err != nil || text != "a" || resp.Trailer.Get("X-Sum") != "42" || resp.Header.Get(xCache) != "MISS" || hints != 103 {
			t.Errorf("got %q, trailer %v, 1xx %d, %v", text, resp.Trailer, hints, err)
		}
	}
}

func TestUpgrade(t *testing.T) {
	rg := newRig(t, Settings{}, Rule{})
	rg.serve(func(w http.ResponseWriter, _ *http.Request) {
		c, buf, _ := w.(http.Hijacker).Hijack()
		defer c.Close()
		fmt.Fprint(buf, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		buf.Flush()
		line, _ := buf.ReadString('\n')
		fmt.Fprint(buf, line)
		buf.Flush()
	})
	resp, err := rg.client.Do(rg.request("GET", "/", "Connection: Upgrade", "Upgrade: echo"))
	if err != nil || resp.StatusCode != 101 {
		t.Fatal(resp, err)
	}
	both := resp.Body.(io.ReadWriteCloser)
	defer both.Close()
	fmt.Fprintln(both, "hello")
	if line, err := bufio.NewReader(both).ReadString('\n'); line != "hello\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

// TestAPanicEndsOneRequest, not the process.
func TestAPanicEndsOneRequest(t *testing.T) {
	c := New(Settings{}, time.Now)
	defer c.Close()
	tr := c.View(Rule{}).Wrap(roundTripper(func(*http.Request) (*http.Response, error) { panic("bug") }))
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://x/", nil)
	if _, err := tr.RoundTrip(r); err == nil || !strings.Contains(err.Error(), "bug") {
		t.Error(err)
	}
}
