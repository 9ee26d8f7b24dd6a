package httpproxy

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/httpcache"
)

// cached is the route that takes every request to the pool, from behind a
// cache.
func cached(t *testing.T, p *Pool, rule httpcache.Rule) (Settings, *httpcache.View) {
	t.Helper()
	c := httpcache.New(httpcache.Settings{Wait: time.Minute}, time.Now)
	t.Cleanup(c.Close)
	rule.Target = Asked
	view := c.View(rule)
	set := all(p)
	set.Routes[0].Around = view.Wrap
	return set, view
}

func soon(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

// TestCachedOneAsks: a hundred clients of one page cost its servers one
// request, and none after it.
func TestCachedOneAsks(t *testing.T) {
	const n = 100
	var asked atomic.Int32
	var view *httpcache.View
	page := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		soon(t, func() bool { return view.Counts().Waits >= n-1 })
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = io.WriteString(w, "page")
	})
	set, v := cached(t, poolOf(t, page), httpcache.Rule{})
	view = v
	_, addr := start(t, set)
	var clients sync.WaitGroup
	for range n {
		clients.Go(func() {
			if _, body, err := tryAsk(request(t, "GET", addr, "/", "")); body != "page" {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
	clients.Wait()
	if res, _ := ask(t, request(t, "HEAD", addr, "/", "")); res.Header.Get("X-Cache") != "HIT" || res.ContentLength != 4 || asked.Load() != 1 {
		t.Errorf("%v, asked %d times", res.Header, asked.Load())
	}
}

// TestCachedUnderWhatClientsAsked: what two hosts, schemes or paths are
// rewritten to is one URI to servers, and not to the cache.
func TestCachedUnderWhatClientsAsked(t *testing.T) {
	page := origin(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		fmt.Fprint(w, r.Host, r.URL.Path, " for ", r.Header.Get("X-Forwarded-Host"), r.Header.Get("X-Forwarded-Proto"))
	})
	set, _ := cached(t, poolOf(t, page), httpcache.Rule{})
	set.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	set.Routes[0].Rewrite.Host = "inner"
	_, addr := start(t, set)
	for _, host := range []string{"a.test", "b.test"} {
		for _, scheme := range []string{"http", "https"} {
			want := "inner/ for " + host + scheme
			for i := range 2 {
				res, body := ask(t, request(t, "GET", addr, "/", "", "Host: "+host, "X-Forwarded-Proto: "+scheme, "X-Forwarded-Host: "+host))
				if body != want || (res.Header.Get("X-Cache") == "HIT") != (i > 0) {
					t.Errorf("%s of %s: %q, %s", scheme, host, body, res.Header.Get("X-Cache"))
				}
			}
		}
	}
}

// TestCachedCookiesOfPlaces: the cookie that says where a client is belongs to
// that client.
func TestCachedCookiesOfPlaces(t *testing.T) {
	page := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		_, _ = io.WriteString(w, "page")
	})
	set, _ := cached(t, poolOf(t, page), httpcache.Rule{})
	set.Routes[0].Sticky = &Sticky{}
	_, addr := start(t, set)
	if res, _ := ask(t, request(t, "GET", addr, "/", "")); res.Header.Get("Set-Cookie") == "" || res.Header.Get("X-Cache") != "MISS" {
		t.Errorf("the first: %v", res.Header)
	}
	if res, _ := ask(t, request(t, "GET", addr, "/", "")); res.Header.Get("Set-Cookie") != "" || res.Header.Get("X-Cache") != "HIT" {
		t.Errorf("the second: %v", res.Header)
	}
}

// TestCachedWhenServersAreGone: stale-if-error bridges it, for what is stored.
func TestCachedWhenServersAreGone(t *testing.T) {
	var gone atomic.Bool
	page := origin(t, func(w http.ResponseWriter, _ *http.Request) {
		if gone.Load() {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Cache-Control", "max-age=0, stale-if-error=60")
		_, _ = io.WriteString(w, "page")
	})
	set, view := cached(t, poolOf(t, page), httpcache.Rule{})
	_, addr := start(t, set)
	ask(t, request(t, "GET", addr, "/", ""))
	soon(t, func() bool { return view.Counts().Fills == 1 })
	gone.Store(true)
	if res, body := ask(t, request(t, "GET", addr, "/", "")); body != "page" || res.Header.Get("X-Cache") != "STALE" {
		t.Errorf("got %q, %v", body, res.Header)
	}
	if res, _ := ask(t, request(t, "GET", addr, "/other", "")); res.StatusCode < 500 {
		t.Errorf("what is not stored: %d", res.StatusCode)
	}
}

// TestCachedAfterItsVisit: what is stale is validated in the background, by a
// request that outlives the visit it was made of.
func TestCachedAfterItsVisit(t *testing.T) {
	answered := make(chan struct{})
	var asked atomic.Int32
	page := origin(t, func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		if n > 1 {
			<-answered
			if r.Header.Get("If-None-Match") != `"v1"` || r.Header.Get("X-Forwarded-For") == "" {
				t.Errorf("asked by %v", r.Header)
			}
		}
		w.Header().Set("Cache-Control", "max-age=0, stale-while-revalidate=60")
		w.Header().Set("Etag", fmt.Sprintf(`"v%d"`, n))
		fmt.Fprint(w, "page ", n)
	})
	set, view := cached(t, poolOf(t, page), httpcache.Rule{})
	_, addr := start(t, set)
	ask(t, request(t, "GET", addr, "/", ""))
	soon(t, func() bool { return view.Counts().Fills == 1 })
	if res, body := ask(t, request(t, "GET", addr, "/", "")); body != "page 1" || res.Header.Get("X-Cache") != "STALE" {
		t.Errorf("got %q, %v", body, res.Header)
	}
	close(answered)
	soon(t, func() bool { return view.Counts().Fills == 2 })
}
