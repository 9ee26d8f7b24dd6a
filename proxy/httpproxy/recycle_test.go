package httpproxy

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// marks are what tells requests and their answers apart.
var marks = regexp.MustCompile(`mark-\d+-\d+`)

// strayMark is a mark in text that is not the one that should be, or "".
func strayMark(text, want string) string {
	for _, m := range marks.FindAllString(text, -1) {
		if m != want {
			return m
		}
	}
	return ""
}

// marked answers with what it was asked for, in as many places as there are, or
// is busy where that is tried again. It tells of requests that are not of one
// piece.
func marked(t *testing.T, busy bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		mark := r.URL.RawQuery
		if busy && r.URL.Path == "/retried" { // and does not wait for a body
			w.Header().Set("X-Busy", mark)
			w.WriteHeader(503)
			return
		}
		var body []byte
		if r.URL.Path != "/hasty" {
			body, _ = io.ReadAll(r.Body)
		}
		if text := fmt.Sprint(r.Header, string(body)); strayMark(text, mark) != "" || !strings.Contains(text, mark) {
			t.Errorf("a server was asked for %s with %s", mark, text)
		}
		if strings.HasPrefix(r.URL.Path, "/early") {
			w.Header().Set("X-Early-"+mark, mark)
			w.WriteHeader(103)
			w.Header().Del("X-Early-" + mark)
		}
		w.Header().Set("X-Only-"+mark, mark)
		if strings.HasSuffix(r.URL.Path, "/chunks") {
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Set("Trailer", "X-Sum")
			_, _ = io.WriteString(w, mark+" ")
			_ = http.NewResponseController(w).Flush()
			defer func() { w.Header().Set("X-Sum", mark) }()
		}
		_, _ = io.WriteString(w, mark)
	}
}

// persistent sends its own copy of each request once more, when the visit may be
// over.
type persistent struct {
	http.RoundTripper
	later *sync.WaitGroup
	t     *testing.T
}

func (p persistent) RoundTrip(r *http.Request) (*http.Response, error) {
	again := r.Clone(context.WithoutCancel(r.Context()))
	again.Body, again.ContentLength = nil, 0
	p.later.Go(func() {
		time.Sleep(2 * time.Millisecond)
		if text := fmt.Sprint(r.Header, r.URL); strayMark(text, again.URL.RawQuery) != "" {
			p.t.Errorf("the request of %s has become %s", again.URL.RawQuery, text)
		}
		if res, err := p.RoundTripper.RoundTrip(again); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	})
	return p.RoundTripper.RoundTrip(r)
}

// TestRecycledVisits: many clients at once, and requests of all kinds on each of
// their conns, see nothing of each other.
func TestRecycledVisits(t *testing.T) {
	a, b := origin(t, marked(t, true)), origin(t, marked(t, false))
	p := poolWith(t, upstream.Settings{Policy: upstream.RoundRobin}, PoolSettings{}, a, b)
	h2 := poolWith(t, upstream.Settings{}, PoolSettings{HTTP2: true}, h2cOrigin(t, marked(t, false)))
	var later sync.WaitGroup
	route := func(path string, to *Pool) Route {
		return Route{Name: path, Match: Match{Path: path}, To: []Share{{Pool: to, Weight: 1}}}
	}
	plainly, retried, around, mirrored, zipped, byHTTP2 := route("/", p), route("/retried", p), route("/around", p), route("/mirrored", p), route("/zipped", p), route("/h2", h2)
	retried.Retry.Statuses = []int{503}
	around.Around = func(next http.RoundTripper) http.RoundTripper { return persistent{next, &later, t} }
	mirrored.Mirror = &Mirror{Pool: p, Percent: 100}
	zipped.Compress = true
	byHost := route("/none", p)
	byHost.Match.Hosts = []string{"other.example"}
	s, addr := start(t, Settings{Name: "web", Routes: []Route{plainly, retried, around, mirrored, zipped, byHTTP2, byHost}})
	var clients sync.WaitGroup
	for n := range 6 {
		clients.Go(func() { askMarked(t, addr, n) })
	}
	clients.Wait()
	later.Wait()
	soon(t, func() bool { return s.Count.Read().Active == 0 }) // also of clients that left
}

var markedPaths = []string{"/", "/retried", "/early", "/around", "/chunks", "/mirrored", "/zipped/chunks", "/h2", "/a/../b", "/h2/chunks", "/around/chunks", "/hasty"}

// askMarked is one client, on as few conns as it can.
func askMarked(t *testing.T, addr string, client int) {
	tr := &http.Transport{DisableCompression: true}
	defer tr.CloseIdleConnections()
	for i := range 300 {
		mark := fmt.Sprintf("mark-%d-%d", client, i)
		path := markedPaths[i*7%len(markedPaths)]
		method := []string{"GET", "GET", "HEAD", "GET", "PUT", "GET", "POST"}[i%7]
		r := request(t, method, addr, path+"?"+mark, "", "X-Mine: "+mark, "X-Mine-"+mark+": "+mark, "Accept-Encoding: gzip")
		if method[0] == 'P' {
			n := i
			switch path {
			case "/hasty":
				n = 1 << 16 // is still read when the answer has come
			case "/retried":
				n = 1 << 11 // is kept in memory, and written beside
			}
			r = request(t, method, addr, path+"?"+mark, strings.Repeat(mark+" ", n), "X-Mine: "+mark)
		}
		ctx, leave := context.WithCancel(context.Background())
		if i%13 == 0 {
			time.AfterFunc(time.Duration(i)*10*time.Microsecond, leave)
		}
		hearMarked(t, tr, r.WithContext(ctx), mark)
		leave()
	}
}

func readMarked(res *http.Response) ([]byte, error) {
	if res.Header.Get("Content-Encoding") != "gzip" || res.Request.Method == http.MethodHead {
		return io.ReadAll(res.Body)
	}
	z, err := gzip.NewReader(res.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func hearMarked(t *testing.T, tr *http.Transport, r *http.Request, mark string) {
	res, err := tr.RoundTrip(r)
	var body []byte
	if err == nil {
		body, err = readMarked(res)
		_ = res.Body.Close()
	}
	if err != nil {
		if r.Context().Err() == nil && r.URL.Path != "/hasty" {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		return
	}
	text := fmt.Sprint(res.Header, res.Trailer, string(body))
	if stray := strayMark(strings.ReplaceAll(text, "Mark-", "mark-"), mark); stray != "" {
		t.Errorf("%s %s: %d, with %s of another: %s", r.Method, r.URL, res.StatusCode, stray, text)
	}
	want, only, held := 200, mark, r.Method == http.MethodHead || strings.Contains(string(body), mark)
	switch {
	case strings.Contains(r.URL.Path, ".."):
		want, only, held = 400, "", true
	case r.Method == http.MethodPost && res.Header.Get("X-Busy") != "": // which is not tried again
		want, only, held = 503, "", true
	case res.Header.Get("X-Busy") != "" || res.Header.Get("X-Early-"+mark) != "":
		held = false
	}
	if got := res.Header.Get("X-Only-" + mark); res.StatusCode != want || got != only || !held {
		t.Errorf("%s %s: %d, %s", r.Method, r.URL, res.StatusCode, text)
	}
}
