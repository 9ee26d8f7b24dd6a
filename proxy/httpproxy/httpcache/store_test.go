package httpcache

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// canned answers every request with the same head and a body of its own size.
func canned(control string, body func(*http.Request) string) roundTripper {
	return func(r *http.Request) (*http.Response, error) {
		text := body(r)
		return &http.Response{
			StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(text)), Request: r,
			Header: http.Header{
				"Cache-Control": {control}, "Content-Type": {"text/plain; charset=utf-8"}, "Etag": {`"abcdef"`},
				"Last-Modified": {"Sun, 29 Nov 2026 10:00:00 GMT"}, "Vary": {"Accept-Encoding"},
				"Content-Length": {fmt.Sprint(len(text))}, "Server": {"test"}, "X-Frame-Options": {"deny"},
			},
			Body: io.NopCloser(strings.NewReader(text)),
		}, nil
	}
}

func ask(t testing.TB, tr http.RoundTripper, uri string, fields ...string) (m, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	resp, err := tr.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get(xCache), string(b)
}

// TestBudgetUnderLoad: the budget holds at every moment, whatever is stored,
// recorded and sent, and in the end nothing is counted that is not there.
func TestBudgetUnderLoad(t *testing.T) {
	const limit = 400 << 10
	c := New(Settings{Bytes: limit, MaxEntry: 200 << 10}, time.Now)
	view := c.View(Rule{StaleWhile: time.Hour})
	var turns atomic.Int64
	tr := view.Wrap(roundTripper(func(r *http.Request) (*http.Response, error) {
		control := []string{"max-age=100", "max-age=0", "no-store", "max-age=100, stale-if-error=9"}[turns.Add(1)%4]
		resp, err := canned(control, func(*http.Request) string { return strings.Repeat("x", rand.IntN(50<<10)) })(r)
		if turns.Load()%3 == 0 {
			resp.ContentLength, resp.TransferEncoding = -1, []string{"chunked"}
			resp.Header.Del("Content-Length")
		}
		return resp, err
	}))
	stop := make(chan struct{})
	var watching, working sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if used, _ := c.Bytes(); used > limit || used < 0 {
					t.Errorf("%d bytes", used)
					return
				}
				time.Sleep(50 * time.Microsecond)
			}
		}
	})
	for g := range 8 {
		working.Go(func() {
			for i := range 200 {
				uri := fmt.Sprintf("http://x/%d", rand.IntN(60))
				r, _ := http.NewRequestWithContext(t.Context(), []string{"GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST"}[i%8], uri, nil)
				r.Header.Set("Accept-Encoding", fmt.Sprint(g%2))
				resp, err := tr.RoundTrip(r)
				if err != nil {
					t.Error(err)
					return
				}
				if i%5 == 0 { // some leave in the middle
					io.CopyN(io.Discard, resp.Body, 1000)
				} else if n, err := io.Copy(io.Discard, resp.Body); err != nil || resp.ContentLength >= 0 && n != resp.ContentLength && r.Method == "GET" {
					t.Errorf("%d bytes of %d, %v", n, resp.ContentLength, err)
				}
				resp.Body.Close()
			}
		})
	}
	working.Wait()
	c.Close()
	close(stop)
	watching.Wait()
	n := view.Counts()
	if n.Evictions == 0 || n.Hits == 0 || n.Stale == 0 || n.Fills == 0 {
		t.Errorf("it did not come to it: %+v", n)
	}
	rg := &rig{t: t, cache: c, view: view}
	rg.empty()
}

// TestWhatIsSentCounts: a body that was dropped while a client still reads it
// counts until it is read.
func TestWhatIsSentCounts(t *testing.T) {
	c := New(Settings{}, time.Now)
	defer c.Close()
	tr := c.View(Rule{}).Wrap(canned("max-age=100", func(*http.Request) string { return strings.Repeat("x", 100_000) }))
	ask(t, tr, "http://x/")
	c.flights.Wait()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://x/", nil)
	resp, err := tr.RoundTrip(r)
	if err != nil || resp.Header.Get(xCache) != "HIT" {
		t.Fatal(resp, err)
	}
	if n := c.PurgeAll(); n != 1 {
		t.Errorf("dropped %d", n)
	}
	if used, _ := c.Bytes(); used < 100_000 || used > 101_000 {
		t.Errorf("%d bytes while it is sent", used)
	}
	if b, _ := io.ReadAll(resp.Body); len(b) != 100_000 {
		t.Errorf("got %d bytes", len(b))
	}
	resp.Body.Close()
	if used, _ := c.Bytes(); used != 0 {
		t.Errorf("%d bytes after", used)
	}
}

// TestOverheadIsCounted: what many small entries take is not more than what is
// counted for them.
func TestOverheadIsCounted(t *testing.T) {
	const n = 5000
	c := New(Settings{Bytes: 1 << 30}, time.Now)
	defer c.Close()
	tr := c.View(Rule{}).Wrap(canned("max-age=100", func(*http.Request) string { return "0123456789" }))
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range n {
		ask(t, tr, fmt.Sprintf("http://example.org/some/path/%d?q=1", i))
	}
	c.flights.Wait()
	took := heap() - before
	used, _ := c.Bytes()
	t.Logf("%d bytes an entry, %d counted", took/n, used/n)
	if took > used {
		t.Errorf("%d bytes taken, %d counted", took, used)
	}
	runtime.KeepAlive(tr)
}

func TestVariantsAreBounded(t *testing.T) {
	c := New(Settings{}, time.Now)
	defer c.Close()
	view := c.View(Rule{})
	tr := view.Wrap(canned("max-age=100", func(*http.Request) string { return "x" }))
	for i := range 5 * maxVariants {
		ask(t, tr, "http://x/", fmt.Sprint("Accept-Encoding: ", i))
		c.flights.Wait()
	}
	if n := view.Counts(); n.Entries != maxVariants || n.Evictions != 4*maxVariants {
		t.Errorf("%+v", n)
	}
}

func TestPurge(t *testing.T) {
	c := New(Settings{}, time.Now)
	defer c.Close()
	one, two := c.View(Rule{}), c.View(Rule{})
	fill := func() {
		for _, v := range []*View{one, two} {
			tr := v.Wrap(canned("max-age=100", func(*http.Request) string { return "x" }))
			for _, uri := range []string{"http://x/", "http://x/img/a", "http://x/img/b?c", "http://y/"} {
				ask(t, tr, uri)
			}
		}
		c.flights.Wait()
	}
	fill()
	if n, err := c.Purge("HTTP://X:80/img/%61"); n != 2 || err != nil {
		t.Errorf("by URI: %d, %v", n, err)
	}
	if n, err := c.Purge("http://[/"); n != 0 || err == nil {
		t.Errorf("no URI: %d, %v", n, err)
	}
	fill()
	if n := c.PurgePrefix("http://x/img/"); n != 4 {
		t.Errorf("by prefix: %d", n)
	}
	fill()
	under, err := Under("HTTP://X")
	if err != nil {
		t.Fatal(err)
	}
	before, _ := c.Bytes()
	n, bytes := one.Purge(under)
	if after, _ := c.Bytes(); n != 3 || bytes != before-after || two.Counts().Entries != 4 {
		t.Errorf("of one view under a URI: %d, %d bytes of %d, %+v", n, bytes, before-after, two.Counts())
	}
	if _, err := Under("/img"); err == nil {
		t.Error("a path is taken for a URI")
	}
	fill()
	if n := one.Retire(); n != 4 || one.Counts().Entries != 0 || two.Counts().Entries != 4 {
		t.Errorf("one view: %d, %+v", n, two.Counts())
	}
	if n := c.PurgeAll(); n != 4 {
		t.Errorf("all: %d", n)
	}
	if used, _ := c.Bytes(); used != 0 {
		t.Errorf("%d bytes", used)
	}
}

// TestAClosedCachePassesOn.
func TestAClosedCachePassesOn(t *testing.T) {
	c := New(Settings{}, time.Now)
	tr := c.View(Rule{StaleWhile: time.Hour}).Wrap(canned("max-age=100", func(*http.Request) string { return "x" }))
	c.Close()
	for range 2 {
		if m, text := ask(t, tr, "http://x/"); m != "" || text != "x" {
			t.Errorf("got %q, %q", m, text)
		}
	}
}

func TestOnHost(t *testing.T) {
	for _, tc := range []struct {
		host, uri string
		want      bool
	}{
		{"x.example", "http://x.example/", true},
		{"X.Example", "https://x.example:8443/a?b", true},
		{"x.example:8443", "https://x.example:8443/", true},
		{"x.example:8443", "https://x.example/", false},
		{"x.example", "http://x.example.org/", false},
		{"example", "http://x.example/", false},
		{"y", "http://x/http://y/", false},
		{"[::1]", "http://[::1]:8080/", true},
		{"[:", "http://[::1]/", false},
		{"", "http://x/", false},
	} {
		if got := OnHost(tc.host)(tc.uri); got != tc.want {
			t.Errorf("%s on %s: %v", tc.uri, tc.host, got)
		}
	}
}
